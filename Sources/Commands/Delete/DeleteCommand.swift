import ArgumentParser

/// The group of commands that delete.
struct DeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete what was deployed, and only that.",
    discussion: "".withExamples(
      "vineyardctl delete csidriver", "vineyardctl delete vineyard-cluster --timeout 10m"),
    subcommands: [
      DeleteVineyardCluster.self, DeleteOperator.self, DeleteVineyardd.self, DeleteVineyardDeployment.self,
      DeleteCSIDriver.self,
    ])
}
