import ArgumentParser
import Deployer
import Documents

/// Deletes a cluster that the operator runs.
struct DeleteVineyardd: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: VineyarddTarget.commandName, abstract: "Delete \(VineyarddTarget.summary).",
    discussion: "".withExamples("vineyardctl delete vineyardd --name second"))

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"))
  var name = VineyarddArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    let cluster = "\(arguments.namespace)/\(name)"
    let live = try await LiveResources.read(removal.client, namespace: arguments.namespace)
    try removal.requireKnown("vineyardd", name, in: arguments.namespace, among: live.clusters)
    let own = VineyarddTarget.resource(name, in: arguments.namespace)
    try await removal.requireDispensable(for: live.remaining(without: [own]))
    let leftBehind = try await LabelledObjects(client: removal.client, namespace: arguments.namespace, name: name)
      .leftBehind()
    var request = Removal.Request(title: "vineyardd \(cluster)", objects: leftBehind + [own])
    request.volumes = try await removal.volumes(ofCluster: cluster)
    request.loss = Removal.Request.storesLoss
    try await removal.remove(request)
  }
}
