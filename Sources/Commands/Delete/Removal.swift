import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// What the delete commands have in common: look, guard, ask, remove, tell.
struct Removal {
  let arguments: DeleteArguments
  let context: CommandContext
  let session: Session
  let client: KubernetesClient

  init(_ arguments: DeleteArguments, _ context: CommandContext) throws {
    self.arguments = arguments
    self.context = context
    session = Session(arguments.connection, context)
    client = try session.client()
  }

  /// What is to be removed, and what speaks against it.
  struct Request {
    /// What it is together, as people read it.
    let title: String
    var objects: [KubernetesObject]
    /// Volumes that stop working; what uses them prevents the removal.
    var volumes = VolumeUses.Scope.clusters([], classes: [])
    /// Whether the kubelets lose the driver.
    var takesDriver = false
    /// Whether the namespace goes too when deploying made it and it holds nothing else.
    var mayEmptyNamespace = true
    /// What is lost, for the question: `what its stores hold is lost`.
    var loss: String?
  }

  /// Removes objects, those of later kinds first.
  func remove(_ request: Request) async throws {
    let title = request.title
    let namespace = try await namespace(besides: request.objects, mayBeEmpty: request.mayEmptyNamespace)
    let plan = Plan(title, objects: namespace + request.objects)
    let guardian = UsageGuard(client: client, story: session.story)
    try await guardian.requireUnused(
      request.volumes, by: title, isForced: arguments.force, needsDriver: request.takesDriver)
    if arguments.dryRun == .none {
      try await Consent(context, isGiven: arguments.yes).confirm(
        "delete \(title)\(request.loss.map { "; \($0)" } ?? "")")
    }
    var options = Remover.Options(timeout: arguments.waiting.limit)
    options.waits = arguments.waiting.wait
    options.deletesNamespace = arguments.deletesNamespace
    options.isDryRun = arguments.dryRun != .none
    options.asksServer = arguments.dryRun == .server
    let removed = try await Remover(client: client, story: session.story, log: session.log, options: options)
      .remove(plan)
    if arguments.output == .name {
      context.output(removed.map { "\(DeployOutput.name($0))\n" }.joined())
    }
    // Who names something that is not there has mistyped it, or is late.
    if removed.isEmpty, context.flags.names("name") {
      throw CommandError(.notFound, "there is no \(title)", hint: "'vineyardctl status' shows what there is")
    }
    session.story.tell(.done, ending(plan, removed))
  }

  /// The namespace, unless it is in the plan already: on request, or because deploying made it.
  private func namespace(besides objects: [KubernetesObject], mayBeEmpty: Bool) async throws -> [KubernetesObject] {
    let namespace = try Manifests.namespace(arguments.namespace, isOurs: true)
    if objects.contains(where: { $0.reference == namespace.reference }) { return [] }
    if arguments.deletesNamespace { return [namespace] }
    guard mayBeEmpty, let live = try await client.get(namespace.reference), Ownership.isCreatedByUs(live) else {
      return []
    }
    // It goes with the operator.
    return try await OperatorPresence(client: client).isIn(arguments.namespace) ? [] : [namespace]
  }

  private func ending(_ plan: Plan, _ removed: [ObjectReference]) -> String {
    if removed.isEmpty { return "\(plan.title): nothing to delete" }
    if arguments.dryRun != .none {
      return "\(plan.title): \(removed.count) \(removed.count == 1 ? "object" : "objects") would be deleted"
    }
    return arguments.waiting.wait ? "\(plan.title) is gone" : "\(plan.title) is being deleted"
  }
}
