import ArgumentParser
import Deployer
import Documents

/// Deletes a cluster that the operator runs.
struct DeleteVineyardd: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: VineyarddTarget.commandName, abstract: "Delete \(VineyarddTarget.summary).")

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"))
  var name = VineyarddArguments.defaultName
  @OptionGroup var arguments: DeleteArguments

  func validate() throws { try DNSLabel.require(name, of: "--name") }

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    let cluster = "\(arguments.namespace)/\(name)"
    let leftBehind = try await LabelledObjects(client: removal.client, namespace: arguments.namespace, name: name)
      .leftBehind()
    try await removal.remove(
      "vineyardd \(cluster)", leftBehind + [VineyarddTarget.resource(name, in: arguments.namespace)],
      classes: removal.storageClasses(ofCluster: cluster))
  }
}
