import ArgumentParser
import Deployer
import Documents

/// Deletes the operator and the cluster it runs.
struct DeleteVineyardCluster: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: VineyardClusterTarget.commandName, abstract: "Delete \(VineyardClusterTarget.summary).",
    discussion: """
      Goes backwards: CSI drivers that serve only this cluster, the cluster, the operator, the definitions, and the \
      namespace if --create-namespace made it and nothing else is in it.
      """)

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"))
  var name = VineyarddArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    let cluster = "\(arguments.namespace)/\(name)"
    let leftBehind = try await LabelledObjects(client: removal.client, namespace: arguments.namespace, name: name)
      .leftBehind()
    let objects =
      try OperatorTarget.allObjects(in: arguments.namespace)
      + leftBehind + (try await removal.driversServingOnly(cluster))
      + [VineyarddTarget.resource(name, in: arguments.namespace)]
    try await removal.remove(
      "vineyard cluster \(cluster)", objects, classes: removal.storageClasses(ofCluster: cluster))
  }
}
