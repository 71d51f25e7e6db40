import Deployer
import Documents
import KubernetesClient
import Support

/// What the delete commands have in common: look, guard, remove, tell.
struct Removal {
  let connection: ConnectionArguments
  let waiting: WaitArguments
  let arguments: DeleteArguments
  let context: CommandContext
  let session: Session
  let client: KubernetesClient

  init(
    _ connection: ConnectionArguments, _ waiting: WaitArguments, _ arguments: DeleteArguments, _ context: CommandContext
  ) throws {
    self.connection = connection
    self.waiting = waiting
    self.arguments = arguments
    self.context = context
    session = Session(connection, context)
    client = try session.client()
  }

  /// Removes the objects of a plan.
  ///
  /// - Parameter classes: storage classes that stop working; bound claims of them prevent the removal.
  func remove(_ plan: Plan, classes: Set<String> = []) async throws {
    if !arguments.force { try await ClaimGuard(client: client).requireUnused(classes, by: plan.title) }
    var options = Remover.Options(timeout: waiting.limit)
    options.waits = waiting.wait
    options.deletesNamespace = arguments.deletesNamespace
    options.isDryRun = arguments.dryRun != .none
    let removed = try await Remover(client: client, story: session.story, log: session.log, options: options)
      .remove(plan)
    if arguments.output == .name {
      context.output(removed.map { "\(DeployOutput.name($0))\n" }.joined())
    }
    session.story.tell(.done, ending(plan, removed))
  }

  private func ending(_ plan: Plan, _ removed: [ObjectReference]) -> String {
    if removed.isEmpty { return "\(plan.title): nothing to delete" }
    if arguments.dryRun != .none { return "\(plan.title): \(removed.count) objects would be deleted" }
    return waiting.wait ? "\(plan.title) is gone" : "\(plan.title) is being deleted"
  }
}
