import Deployer
import Documents
import KubernetesClient
import Manifests
import Support

/// What the delete commands have in common: look, guard, remove, tell.
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

  /// Removes objects, those of later kinds first.
  ///
  /// - Parameters:
  ///   - title: what they are together.
  ///   - classes: storage classes that stop working; bound claims of them prevent the removal.
  ///   - mayEmptyNamespace: whether the namespace goes too when deploying made it and it holds nothing else.
  func remove(
    _ title: String, _ objects: [KubernetesObject], classes: Set<String> = [], mayEmptyNamespace: Bool = true
  ) async throws {
    let namespace = try await namespace(besides: objects, mayBeEmpty: mayEmptyNamespace)
    let plan = Plan(title, objects: namespace + objects)
    if !arguments.force { try await ClaimGuard(client: client).requireUnused(classes, by: title) }
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
