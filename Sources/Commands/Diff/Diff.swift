import ArgumentParser
import Deployer
import Support

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

/// Compares the deployed objects with the planned ones.
struct Diff<Target: DeploymentTarget>: AsyncContextCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Target.commandName,
      abstract: "Compare what is deployed with \(Target.summary) as the flags describe it.",
      discussion: """
        Differences are printed in unified format, or as objects with --output, with the values of secrets masked. Exit status: 0 no difference, \
        1 differences or a failure, which stderr tells.
        """.withExamples("vineyardctl diff \(Target.commandName) \(Target.exampleFlags)"))
  }

  @OptionGroup(title: "What is compared") var target: Target
  @Flag(name: .customLong("force-conflicts"), help: "Take over fields that another field manager has set.")
  var forcesConflicts = false
  @OptionGroup var resets: ResetArguments
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("How to print what differs; default: in unified format.", valueName: "format"))
  var output: OutputFormat?
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    let progress = session.progress
    var builder = try PlanBuilder(
      target: target, connection: connection, creation: NamespaceCreationArguments(creating: true), resets: resets,
      context)
    try builder.validate()
    let client = try session.client()
    let deployment = try await builder.plan(client)
    let plan = deployment.plan
    let forecast = try await LossForecast(client: client, log: session.log).forecast(plan)
    progress.report(deployment.notes + forecast.notes)
    if let shortage = forecast.shortage { progress.report(.warning, "\(shortage.message): \(shortage.cause ?? "")") }
    let differences = try await PlanDiff(client: client, progress: progress, forcesConflicts: forcesConflicts)
      .differences(plan)
    context.output(output?.text(PrintableDifferences(differences)) ?? differences.map(\.text).joined())
    guard !differences.isEmpty else { return progress.report(.done, "\(plan.title) is as planned") }
    throw ExitCode(ExitStatus.failed.rawValue)
  }
}
