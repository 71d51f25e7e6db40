import ArgumentParser
import KubernetesObjects
import Manifests
import Operator
import Support

/// Prints the objects that the operator makes of a custom resource.
struct RenderCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Print the objects that the operator makes of a \(kinds) resource.",
    discussion: """
      Nothing is asked of a cluster. Secrets always differ from deployed ones: each rendering makes a new admin token and \
      new certificates of etcd.
      """.withExamples("vineyardctl render -f cluster.yaml | kubectl diff -f -"))

  /// `Vineyardd or CSIDriver`.
  private static var kinds: String { ResourceKind.all.map(\.type.kind).joined(separator: " or ") }

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The resource, as YAML or JSON; - is standard input.", valueName: "file"),
    completion: .file())
  var file: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Namespace of the operator, and of a cluster that names none.", valueName: "name"))
  var namespace = "vineyard-system"

  @Option(name: .shortAndLong, help: ArgumentHelp("How to print.", valueName: "format"))
  var output: OutputFormat = .yaml

  mutating func run(_ context: CommandContext) throws {
    var resource: KubernetesObject
    do {
      resource = try KubernetesObject(yaml: try context.readFile(file))
    } catch let error as DocumentError {
      throw ProgramError(.usage, "cannot read \(file)", cause: "\(error)", hint: "write YAML or JSON")
    }
    guard let kind = ResourceKind.of(resource.reference.type), kind.type == resource.reference.type else {
      let type = resource.reference.type
      throw ProgramError(
        .usage, "\(file) holds \(ResourceKind.all.map { "no \($0.type.kind)" }.joined(separator: " and "))",
        cause: type.kind.isEmpty ? nil : "it holds a \(type)")
    }
    if kind.isNamespaced { resource.namespace = resource.namespace ?? namespace }
    var objects = try kind.render(resource, namespace: namespace, uid: resource.uid)
    if kind.type == .vineyardd { try objects.issueEtcdCertificates(of: VineyarddSpec(customResource: resource)) }
    context.output(output.text(PrintableObjects(objects)))
  }
}
