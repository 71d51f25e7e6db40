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
  @OptionGroup var waiting: WaitArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(connection, waiting, arguments, context)
    let plan = Plan(
      "vineyardd \(connection.namespace)/\(name)", objects: [VineyarddTarget.resource(name, in: connection.namespace)])
    try await removal.remove(plan, classes: ["\(connection.namespace).\(name).csi"])
  }
}
