import ArgumentParser
import Deployer
import KubernetesObjects
import Manifests
import Support

extension Setting {
  /// A rendered custom resource, with what no flag names left as it is deployed.
  func keeping(_ rendered: KubernetesObject, _ flags: SpecFlags) -> KubernetesObject {
    guard let live else { return rendered }
    let fields = KeptFields(flags: flags, named: named)
    let (object, kept) = fields.merge(rendered, over: live)
    tell(kept: fields.text(kept))
    let changed = flags.fields(of: named)
    for path in [["vineyard", "image"], ["image"]] where !changed.contains(path) {
      warn(ofKeptImage: object.tree[path: ["spec"] + path]?.string ?? "")
    }
    return object
  }

  /// Tells what stays, and how it would not.
  func tell(kept text: String?) {
    guard let text else { return }
    story.tell(.action, "as deployed before: \(text) (--reset FLAG goes back to the default)")
  }

  /// An upgrade that leaves the image of another release is half of one.
  func warn(ofKeptImage image: String) {
    guard let release = ImageOptions.release(of: image), release != Version.product else { return }
    story.tell(.warning, "the image \(image) stays, and this is release \(Version.product): --image names another")
  }

  /// The flags of the operator, those of earlier deployments included.
  func operatorTarget() throws -> OperatorTarget {
    let declared = OperatorTarget.flags
    return try OperatorTarget.parse(flags.over(operatorFlags).words(for: declared))
  }

  /// Whether the operator logs in detail.
  var isOperatorVerbose: Bool {
    flags.names("verbose") ? isVerbose : isVerbose || operatorFlags.values["verbose"]?.last == "true"
  }

  /// Writes down in a workload what the next deployment has to know.
  func remember(_ earlier: GivenFlags, _ declared: DeclaredFlags, in object: inout KubernetesObject) {
    var record = flags.declared(by: declared).over(earlier)
    if flags.names("verbose") { record.values["verbose"] = flags.values["verbose"] }
    record.values = record.values.filter { !named.contains($0.key) || flags.names($0.key) }
    FlagRecord.write(record, into: &object)
  }
}

extension OperatorTarget {
  /// The flags that are about the operator.
  static let flags = DeclaredFlags(OperatorTarget.self)
}
