import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Applies one object, again and again while the kind or a webhook that it needs is starting.
struct RetryingApply: Sendable {
  let installer: Installer
  let deadline: Deadline
  let board: WaitBoard

  private var client: KubernetesClient { installer.client }

  /// Applies the object, taking over what the original program made.
  func apply(_ object: KubernetesObject) async throws -> ApplyOutcome {
    var delay = Duration.milliseconds(100)
    var patience = WebhookPatience()
    while true {
      do {
        return try await applyOnce(object)
      } catch let error as KubernetesError where isStartingUp(error) {
        guard patience.allows(error) else { throw error }
        guard !deadline.hasPassed else { throw tooLate(object, error) }
        installer.log.debug("\(object.reference) is tried again: \(error.message)")
        try await Task.sleep(for: delay)
        delay = min(delay * 2, .seconds(2))
      }
    }
  }

  private func applyOnce(_ object: KubernetesObject) async throws -> ApplyOutcome {
    let live = try await lookUp(object.reference)
    if installer.options.isDryRun {
      let rehearsal = Rehearsal(client: client, forcesConflicts: installer.options.forcesConflicts)
      guard let applied = try await rehearsal.apply(object, over: live) else {
        return ApplyOutcome(object: object, change: .unchecked)
      }
      return ApplyOutcome(object: applied, change: change(applied, live))
    }
    let apply = ServerSideApply(client: client, forcesConflicts: installer.options.forcesConflicts)
    if let live, live.isBeingDeleted {
      try await OldObject(client: client, board: board).waitUntilGone(live, deadline)
      return outcome(try await apply.apply(object, over: nil), nil)
    }
    return outcome(
      try await apply.apply(object, over: live) {
        board.tell(.action, "\(object.reference): taking over from the original vineyardctl")
      }, live)
  }

  /// nil also when the server does not know the kind, whose definition an earlier wave has just made or, in a dry
  /// run, has not.
  private func lookUp(_ reference: ObjectReference) async throws -> KubernetesObject? {
    do {
      return try await client.get(reference)
    } catch let error as KubernetesError where error.httpStatus == 404 && installer.options.isDryRun {
      return nil
    }
  }

  private func outcome(_ outcome: ServerSideApply.Outcome, _ live: KubernetesObject?) -> ApplyOutcome {
    ApplyOutcome(
      object: outcome.object, change: outcome.change == .kept ? .unchanged : change(outcome.object, live))
  }

  private func change(_ applied: KubernetesObject, _ live: KubernetesObject?) -> ApplyOutcome.Change {
    guard let live else { return .created }
    let hasSameContent = ComparableObject.tree(live) == ComparableObject.tree(applied)
    // The version says less: meanwhile a controller may have written the status.
    let isSame =
      hasSameContent
      && (installer.options.isDryRun || FieldHandover.appliedFields(live) == FieldHandover.appliedFields(applied))
    return isSame ? .unchanged : .configured
  }

  private func tooLate(_ object: KubernetesObject, _ error: KubernetesError) -> CommandError {
    let failure = WebhookFailure(error)
    return CommandError(
      .notReady, "cannot apply \(object.reference) within \(deadline.text)",
      cause: failure.map { "\($0)" } ?? error.message,
      hint: failure?.hint ?? "what was applied stays; run the same command again to go on")
  }

  /// A definition made a moment ago is not served yet; a webhook whose pod is starting cannot be called.
  private func isStartingUp(_ error: KubernetesError) -> Bool {
    if installer.options.isDryRun { return false }
    if error.isUnknownKind { return true }
    return WebhookFailure(error) != nil
  }
}

/// What applying one object came to.
struct ApplyOutcome: Sendable {
  enum Change: String, Sendable {
    case created
    case configured
    case unchanged
    /// The server could not check it because it builds on what an earlier step makes.
    case unchecked = "would be applied, not checked by the server"
  }

  let object: KubernetesObject
  let change: Change
}
