import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

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
    let progress = session.progress
    progress.report(context.warnings.map { Note(.warning, $0) })
    var builder = try PlanBuilder(
      target: target, connection: connection, creation: creation, resets: resets, context)
    if changes.dryRun == .client {
      let deployment = try builder.offlinePlan()
      progress.report(deployment.notes)
      return render(deployment.plan, progress, context)
    }
    try builder.validate()
    let client = try session.client()
    let deployment = try await builder.plan(client)
    let plan = deployment.plan
    progress.report(deployment.notes + NodeFacts.warnings(deployment.nodes ?? []).map { Note(.warning, $0) })
    if changes.dryRun == .none {
      try await ImageGuard(client: client, progress: progress)
        .require(plan.objects, nodes: deployment.nodes, timeout: waiting.limit)
    }
    try await agree(plan, client, session, context)
    let applied = try await Installer(client: client, progress: progress, log: session.log, options: options).apply(
      plan)
    if let output = changes.output { context.output(output.text(PrintableObjects(applied))) }
    let isComplete = changes.dryRun == .none && waiting.wait
    progress.finish("\(plan.title) \(ending)", next: isComplete ? target.nextStep(in: builder.namespace) : nil)
  }

  /// Prints the objects that no cluster was asked about.
  private func render(_ plan: Plan, _ progress: ProgressReporter, _ context: CommandContext) {
    let output = changes.output ?? .yaml
    context.output(output.text(PrintableObjects(plan.objects)))
    let types = Set(plan.objects.map(\.reference.type))
    if [.json, .yaml].contains(output), types.isSuperset(of: [.customResourceDefinition, .vineyardd]) {
      progress.report(.action, "'kubectl apply' takes two runs: the first only defines what a Vineyardd is")
    }
  }

  /// Announces the losses of the deployment, and asks unless there are none.
  private func agree(
    _ plan: Plan, _ client: KubernetesClient, _ session: Session, _ context: CommandContext
  ) async throws {
    let forecast = try await LossForecast(client: client, log: session.log).forecast(plan)
    session.progress.report(forecast.notes)
    if let shortage = forecast.shortage {
      guard changes.yes else { throw shortage }
      session.progress.report(.warning, "\(shortage.message): \(shortage.cause ?? "")")
    }
    guard changes.dryRun == .none else { return }
    if let loss = forecast.gravest {
      try await Consent(context, isGiven: changes.yes).require("deploy \(plan.title)", because: loss.event)
    }
    let costs = DeletionCosts(log: session.log) { _ = try await client.patch($0, $1) }
    for loss in forecast.losses { try await costs.set(loss.costs) }
  }

  private var options: Installer.Options {
    var options = Installer.Options(timeout: waiting.limit)
    options.waits = waiting.wait
    options.forcesConflicts = changes.forcesConflicts
    options.isDryRun = changes.dryRun == .server
    return options
  }

  private var ending: String {
    if changes.dryRun == .server { return "passed the checks of the server; nothing was changed" }
    return waiting.wait ? "is ready" : "is applied; 'vineyardctl status --wait' waits until it is ready"
  }

  var interruptionHint: String {
    "anything that was applied stays; run the same command again to go on, or 'vineyardctl status' to see how far it is"
  }
}

/// The flags of commands that change a cluster.
struct ChangeArguments: ParsableArguments {
  @Option(
    name: .customLong("dry-run"),
    help: "Change nothing: 'client' renders without asking a cluster, 'server' lets the server check everything.")
  var dryRun: DryRun = .none

  @Option(name: .shortAndLong, help: ArgumentHelp("Print the objects to stdout.", valueName: "format"))
  var output: OutputFormat?

  @Flag(name: .shortAndLong, help: "Do not ask before stores are replaced or classes dropped.")
  var yes = false

  @Flag(name: .customLong("force-conflicts"), help: "Take over fields that another field manager has set.")
  var forcesConflicts = false
}

/// Range of effects of a command.
enum DryRun: String, ExpressibleByArgument, CaseIterable {
  /// Carries the command out.
  case none
  /// Renders, and asks no cluster.
  case client
  /// Has the server check everything and keep nothing.
  case server
}
