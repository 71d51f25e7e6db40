import ArgumentParser
import Deployer
import Support

/// Compares what is deployed with what would be.
struct Diff<Target: DeploymentTarget>: AsyncContextCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Target.commandName, abstract: "Compare \(Target.summary) with what is deployed.",
      discussion: """
        Differences are printed in unified format, with the values of secrets masked. Exit status: 0 no difference, \
        1 differences or a failure, which stderr tells.
        """.withExamples("vineyardctl diff \(Target.commandName) \(Target.exampleFlags)"))
  }

  @OptionGroup(title: "What is compared") var target: Target
  @Flag(name: .customLong("force-conflicts"), help: "Take over fields that another field manager has set.")
  var forcesConflicts = false
  @OptionGroup var resets: ResetArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    var planning = try Planning(
      target: target, connection: connection, creation: NamespaceCreationArguments(creating: true), resets: resets,
      context, story: session.story)
    let doubt = try planning.doubt()
    let client = try session.client()
    let plan = try await planning.plan(client, doubt: doubt)
    let forecast = try await LossForecast(client: client, log: session.log).forecast(plan)
    forecast.tell(session.story)
    if let shortage = forecast.shortage { session.story.tell(.warning, "\(shortage.message): \(shortage.cause ?? "")") }
    let text = try await PlanDiff(client: client, story: session.story, forcesConflicts: forcesConflicts).text(plan)
    guard !text.isEmpty else { return session.story.tell(.done, "\(plan.title) is as planned") }
    context.output(text)
    throw ExitCode(ExitStatus.failed.rawValue)
  }
}
