import ArgumentParser
import Deployer
import KubernetesObjects
import Manifests
import Support

/// Keeps the fields of a custom resource that is deployed already: only those that a flag names change.
struct KeptFields {
  let flags: SpecFlags
  /// The names of the flags that count.
  let named: Set<String>

  /// One field that stays as it is.
  struct Field: Equatable {
    let path: [String]
    let value: Value
  }

  /// The resource as it is to be.
  ///
  /// - Parameters:
  ///   - rendered: the resource of flags and defaults.
  ///   - live: the resource as it is deployed.
  /// - Returns: the resource, and the fields in which it differs from `rendered`.
  func merge(_ rendered: KubernetesObject, over live: KubernetesObject) -> (object: KubernetesObject, kept: [Field]) {
    var object = rendered
    var kept: [Field] = []
    var spec = rendered.tree["spec"] ?? [:]
    merge(&spec, live.tree["spec"] ?? [:], at: [], Set(flags.fields(of: named)), &kept)
    if named.contains("clusters") { keepDetails(&spec, live.tree["spec", "clusters"]?.array ?? []) }
    object.tree["spec"] = spec
    return (object, kept.sorted { $0.path.lexicographicallyPrecedes($1.path) })
  }

  private func merge(
    _ rendered: inout Value, _ live: Value, at path: [String], _ named: Set<[String]>, _ kept: inout [Field]
  ) {
    for (key, value) in live.fields ?? [:] {
      let field = path + [key]
      guard !named.contains(field), value != rendered[key] else { continue }
      // The server fills in empty texts and objects, which say nothing.
      if rendered[key] == nil, Self.isEmpty(value) { continue }
      let isSplit = rendered[key]?.fields != nil || flags.setFields(below: field)
      if value.fields != nil, isSplit {
        var inner = rendered[key] ?? [:]
        merge(&inner, value, at: field, named, &kept)
        if inner.fields?.isEmpty == false { rendered[key] = inner }
      } else if !isFormerDefault(value) {
        rendered[key] = value
        kept.append(Field(path: field, value: value))
      }
    }
  }

  private static func isEmpty(_ value: Value) -> Bool {
    if let fields = value.fields { return fields.values.allSatisfy { isEmpty($0) } }
    return value.isNull || value.string?.isEmpty == true || value.array?.isEmpty == true
  }

  /// Whether a value is the image that another release of this program takes by default: nobody chose it.
  private func isFormerDefault(_ value: Value) -> Bool {
    value.string.map { ImageOptions.isDefaultOfARelease($0) } ?? false
  }

  /// Clusters that are named again keep how their volumes differ.
  private func keepDetails(_ spec: inout Value, _ live: [Value]) {
    spec["clusters"]?.mapElements { cluster in
      let same = live.first { $0["namespace"] == cluster["namespace"] && $0["name"] == cluster["name"] }
      if let same { cluster = same }
    }
  }
}

extension KeptFields {
  /// Flags of the operator, among some, whose values the resource has, and keeps.
  func unchanged(_ inherited: GivenFlags, _ rendered: KubernetesObject, _ live: KubernetesObject) -> GivenFlags {
    GivenFlags(
      inherited.values.filter { name, values in
        guard !named.contains(name), let value = values.last else { return false }
        return flags.fields(of: [name]).contains { path in
          let (planned, found) = (rendered.tree[path: ["spec"] + path], live.tree[path: ["spec"] + path])
          return planned == found && found?.string == value
        }
      })
  }

  /// Kept fields as people write them on the command line, joined by commas; nil when there are none.
  func text(_ kept: [Field]) -> String? {
    let volumes = kept.filter { Self.spillVolumes.keys.contains($0.path) }
    var parts = kept.filter { !Self.spillVolumes.keys.contains($0.path) }.map { field in
      guard let name = flags.flag(for: field.path), let value = flags.value(field.value, of: field.path) else {
        return "spec.\(field.path.joined(separator: ".")) \(FlagText.quoted(field.value.string ?? field.value.json))"
      }
      return FlagText.text(name, value)
    }
    if let name = volumes.first.flatMap({ flags.flag(for: $0.path) }) {
      let both = volumes.reduce(into: [:] as Value) { $0[Self.spillVolumes[$1.path] ?? ""] = $1.value }
      parts.append(FlagText.text(name, .single(both.json)))
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// The two fields that one flag sets, by the keys of its value.
  private static let spillVolumes = [
    ["vineyard", "spill", "persistentVolumeSpec"]: "pv-spec",
    ["vineyard", "spill", "persistentVolumeClaimSpec"]: "pvc-spec",
  ]
}

extension DeploymentContext {
  /// A rendered custom resource, with what no flag names left as it is deployed.
  ///
  /// - Parameter notes: gets what stays, and how it would not.
  func keeping(_ rendered: KubernetesObject, _ flags: SpecFlags, _ notes: inout [Note]) -> KubernetesObject {
    guard let live else { return rendered }
    let fields = KeptFields(flags: flags, named: named)
    let (object, kept) = fields.merge(rendered, over: live)
    let images = fields.unchanged(inherited, rendered, live).text(DeclaredFlags(ImageArguments.self))
    notes += [Note](kept: [images, fields.text(kept)].joined)
    let changed = flags.fields(of: named)
    for path in [["vineyard", "image"], ["image"]] where !changed.contains(path) {
      notes += [Note](keptImage: object.tree[path: ["spec"] + path]?.string ?? "")
    }
    return object
  }

  /// The flags of the operator, those of earlier deployments included.
  func operatorTarget() throws -> OperatorTarget {
    let declared = OperatorTarget.flags
    return try OperatorTarget.parse(flags.without(storeFlags).over(operatorFlags).words(for: declared))
  }

  /// Whether the operator logs in detail.
  var isOperatorVerbose: Bool {
    flags.names("verbose") ? isVerbose : isVerbose || operatorFlags.values["verbose"]?.last == "true"
  }

  /// Writes down in a workload what the next deployment has to know.
  ///
  /// - Parameters:
  ///   - earlier: flags of earlier deployments of the workload.
  ///   - declared: flags that the workload follows.
  func remember(_ earlier: GivenFlags, _ declared: DeclaredFlags, in object: inout KubernetesObject) {
    let own = flags.without(storeFlags)
    var record = own.declared(by: declared).over(earlier)
    if own.names("verbose") { record.values["verbose"] = own.values["verbose"] }
    record.values = record.values.filter { !named.subtracting(storeFlags).contains($0.key) || own.names($0.key) }
    FlagRecord.write(record, into: &object)
  }
}

extension [String?] {
  /// The texts there are, joined by commas; nil without any.
  fileprivate var joined: String? {
    let texts = compactMap { $0 }
    return texts.isEmpty ? nil : texts.joined(separator: ", ")
  }
}

extension [Note] {
  /// A note of what stays, and how it would not; none for nil.
  init(kept text: String?) {
    self = text.map { [Note(.action, "as deployed before: \($0) (--reset FLAG goes back to the default)")] } ?? []
  }

  /// A warning of an upgrade that leaves the image of another release, and so is half of one.
  fileprivate init(keptImage image: String) {
    self = []
    guard let release = ImageOptions.release(of: image), release != Version.product else { return }
    append(
      Note(.warning, "the image \(image) stays, and this is release \(Version.product): --image names another"))
  }
}

extension OperatorTarget {
  /// The flags that are about the operator.
  static let flags = DeclaredFlags(OperatorTarget.self)
}

/// The flag that drops the setting made before.
struct ResetArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Go back to the default of a flag of an earlier deployment; repeatable, 'all' for every flag.",
      valueName: "flag"))
  var reset: [String] = []

  init() {}

  /// Names as if they had been given, for commands without the flag.
  init(_ names: [String]) { reset = names }

  /// The declared names of the flags.
  ///
  /// - Throws: `ProgramError` with code `usage` for what is no such flag, or is given a value as well.
  func names(of declared: DeclaredFlags, given: GivenFlags) throws -> Set<String> {
    var names: Set<String> = []
    for word in reset {
      let text = String(word.drop { $0 == "-" })
      if text == "all" {
        names.formUnion(declared.flags.map(\.name).filter { !given.names($0) })
        continue
      }
      guard let flag = declared.flag(named: text) else {
        let guess = nearest(to: text, in: declared.flags.map(\.name))
        throw ProgramError(
          .usage, "--reset \(word): there is no such flag",
          hint: guess.map { "did you mean \($0)?" } ?? "write --reset vineyardd.size, for instance")
      }
      guard !given.names(flag.name) else {
        throw ProgramError(.usage, "--reset \(word): --\(flag.name) is given, too", hint: "give one of them")
      }
      names.insert(flag.name)
    }
    return names
  }
}
