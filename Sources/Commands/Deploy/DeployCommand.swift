import ArgumentParser

/// The group of commands that deploy.
struct DeployCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Deploy Vineyard on Kubernetes, or bring a deployment up to date.",
    discussion: "".withExamples(
      "vineyardctl deploy vineyard-cluster --create-namespace",
      "vineyardctl deploy csidriver --clusters vineyard-system/vineyardd-sample"),
    subcommands: [
      Deploy<VineyardClusterTarget>.self, Deploy<OperatorTarget>.self, Deploy<VineyarddTarget>.self,
      Deploy<VineyardDeploymentTarget>.self, Deploy<CSIDriverTarget>.self,
    ])
}
