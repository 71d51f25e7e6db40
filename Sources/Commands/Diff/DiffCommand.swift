import ArgumentParser

/// The group of commands that compare.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Show what deploying would change; exit status 1 when there are differences.",
    discussion: "".withExamples("vineyardctl diff vineyard-cluster --vineyardd.size 8Gi"),
    subcommands: [
      Diff<VineyardClusterTarget>.self, Diff<OperatorTarget>.self, Diff<VineyarddTarget>.self,
      Diff<VineyardDeploymentTarget>.self, Diff<CSIDriverTarget>.self,
    ])
}
