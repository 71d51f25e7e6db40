import ArgumentParser
import KubernetesObjects
import Manifests
import Support

/// Prints what the operator makes of a custom resource.
struct RenderCommand: ContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Print the objects that the operator makes of a Vineyardd or CSIDriver resource.",
    discussion: "Nothing is asked of a cluster.".withExamples(
      "vineyardctl render -f cluster.yaml | kubectl diff -f -"))

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The resource, as YAML or JSON; - is standard input.", valueName: "file"),
    completion: .file())
  var file: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Namespace of the operator, and of a cluster that names none.", valueName: "name"))
  var namespace = "vineyard-system"

  @Option(name: .shortAndLong, help: "How to print.")
  var output: DeployOutput = .yaml

  mutating func run(_ context: CommandContext) throws {
    var resource: KubernetesObject
    do {
      resource = try KubernetesObject(yaml: try context.readFile(file))
    } catch let error as DocumentError {
      throw CommandError(.usage, "cannot read \(file)", cause: "\(error)", hint: "write YAML or JSON")
    }
    switch resource.reference.type {
    case VineyarddTarget.type:
      resource.namespace = resource.namespace ?? namespace
      let spec = try VineyarddSpec(customResource: resource)
      try spec.validate()
      context.output(output.text(try Manifests.vineyardd(spec, uid: resource.uid, controlledByOperator: true)))
    case CSIDriverTarget.type:
      let spec = try CSIDriverSpec(customResource: resource)
      try spec.validate()
      context.output(output.text(try Manifests.csiDriver(spec, namespace: namespace)))
    case let type:
      throw CommandError(
        .usage, "\(file) holds no Vineyardd and no CSIDriver", cause: type.kind.isEmpty ? nil : "it holds a \(type)")
    }
  }
}
