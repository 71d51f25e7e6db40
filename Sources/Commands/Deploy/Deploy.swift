import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Support

/// Deploys a target; repeating it brings the deployment up to date.
struct Deploy<Target: DeploymentTarget>: AsyncContextCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Target.commandName, abstract: "Deploy \(Target.summary).",
      discussion: Target.discussion.withExamples("vineyardctl deploy \(Target.commandName) \(Target.exampleFlags)"))
  }

  @OptionGroup(title: "What is deployed") var target: Target
  @OptionGroup var creation: NamespaceCreationArguments
  @OptionGroup var waiting: WaitArguments
  @OptionGroup var changes: ChangeArguments
  @OptionGroup var resets: ResetArguments
  @OptionGroup(title: "Cluster") var connection: ConnectionArguments

  mutating func run(_ context: CommandContext) async throws {
    let session = Session(connection, context)
    for warning in context.warnings { session.story.tell(.warning, warning) }
    var planning = try Planning(
      target: target, connection: connection, creation: creation, resets: resets, context, story: session.story)
    if changes.dryRun == .client {
      let objects = try planning.offlinePlan().objects
      let output = changes.output ?? .yaml
      context.output(output.text(objects))
      if output != .name, objects.contains(where: { $0.kind == "CustomResourceDefinition" }),
        objects.contains(where: { $0.reference.type == VineyarddTarget.type })
      {
        session.story.tell(.action, "'kubectl apply' takes two runs: the first only defines what a Vineyardd is")
      }
      return
    }
    let doubt = try planning.doubt()
    let client = try session.client()
    let plan = try await planning.plan(client, doubt: doubt)
    for warning in NodeFacts.warnings(planning.nodes ?? []) { session.story.tell(.warning, warning) }
    if changes.dryRun == .none {
      try await ImageGuard(client: client, story: session.story)
        .require(plan.objects, nodes: planning.nodes, timeout: waiting.limit)
    }
    try await agree(plan, client, session, context)
    var options = Installer.Options(timeout: waiting.limit)
    options.waits = waiting.wait
    options.forcesConflicts = changes.forcesConflicts
    options.isDryRun = changes.dryRun == .server
    let installer = Installer(client: client, story: session.story, log: session.log, options: options)
    let applied = try await installer.apply(plan)
    if let output = changes.output { context.output(output.text(applied)) }
    let isComplete = changes.dryRun == .none && waiting.wait
    session.story.finish(
      "\(plan.title) \(ending)", next: isComplete ? target.nextStep(in: connection.namespace) : nil)
  }

  /// Says what the deployment takes away, and asks unless it is nothing.
  private func agree(
    _ plan: Plan, _ client: KubernetesClient, _ session: Session, _ context: CommandContext
  ) async throws {
    let forecast = try await LossForecast(client: client, log: session.log).forecast(plan)
    forecast.tell(session.story)
    if let shortage = forecast.shortage {
      guard changes.yes else { throw shortage }
      session.story.tell(.warning, "\(shortage.message): \(shortage.cause ?? "")")
    }
    guard changes.dryRun == .none else { return }
    if let loss = forecast.gravest {
      try await Consent(context, isGiven: changes.yes).require("deploy \(plan.title)", because: loss.event)
    }
    let costs = DeletionCosts(log: session.log) { _ = try await client.patch($0, $1) }
    for loss in forecast.losses { try await costs.set(loss.costs) }
  }

  private var ending: String {
    if changes.dryRun == .server { return "passed the checks of the server; nothing was changed" }
    return waiting.wait ? "is ready" : "is applied; 'vineyardctl status --wait' waits until it is ready"
  }

  var interruptionHint: String {
    "what was applied stays; run the same command again to go on, or 'vineyardctl status' to see how far it is"
  }
}
