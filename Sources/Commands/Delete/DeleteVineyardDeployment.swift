import ArgumentParser
import Deployer

/// Deletes a cluster that runs without the operator.
struct DeleteVineyardDeployment: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: VineyardDeploymentTarget.commandName, abstract: "Delete \(VineyardDeploymentTarget.summary).",
    discussion: "Finds everything by its label, whatever flags it was deployed with.".withExamples(
      "vineyardctl delete vineyard-deployment --name second"))

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"))
  var name = VineyarddArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    let cluster = "\(arguments.namespace)/\(name)"
    let objects = try await LabelledObjects(client: removal.client, namespace: arguments.namespace, name: name).all()
    if objects.isEmpty {
      let others = try await LabelledObjects.plainClusters(removal.client, in: arguments.namespace)
      try removal.requireKnown("vineyard deployment", name, in: arguments.namespace, among: others)
    }
    var request = Removal.Request(title: "vineyard deployment \(cluster)", objects: objects)
    request.volumes = try await removal.volumes(ofCluster: cluster)
    request.loss = Removal.Request.storesLoss
    try await removal.remove(request)
  }
}
