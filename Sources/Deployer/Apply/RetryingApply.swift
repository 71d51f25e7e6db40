import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// The outcome of applying one object.
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

/// Applies one object, again and again while the kind or a webhook that it needs is starting.
struct RetryingApply: Sendable {
  private static let backOff = BackOff.steady(first: .milliseconds(100), longest: .seconds(2))

  let installer: Installer
  let deadline: Deadline
  let board: ProgressBoard

  private var client: KubernetesClient { installer.client }

  /// Applies the object, taking over what the original program made.
  func apply(_ object: KubernetesObject) async throws -> ApplyOutcome {
    var failures = 0
    var retries = WebhookRetries()
    while true {
      do {
        return try await applyOnce(object)
      } catch let error as KubernetesError where isStartingUp(error) {
        guard retries.allow(error) else { throw error }
        guard !deadline.hasPassed else { throw tooLate(object, error) }
        installer.log.debug("\(object.reference) is tried again: \(error.message)")
        failures += 1
        try await Task.sleep(for: Self.backOff.delay(after: failures))
      }
    }
  }

  private func applyOnce(_ object: KubernetesObject) async throws -> ApplyOutcome {
    let isDryRun = installer.options.isDryRun
    // The definition of the kind may have been made a moment ago or, in a dry run, not at all.
    let live = isDryRun ? try await client.existing(object.reference) : try await client.get(object.reference)
    if isDryRun {
      let dryRun = DryRunApply(client: client, forcesConflicts: installer.options.forcesConflicts)
      guard let applied = try await dryRun.apply(object, over: live) else {
        return ApplyOutcome(object: object, change: .unchecked)
      }
      return ApplyOutcome(object: applied, change: change(applied, live))
    }
    let apply = ServerSideApply(client: client, forcesConflicts: installer.options.forcesConflicts)
    if let live, live.isBeingDeleted {
      try await DeletionWaiter(client: client, board: board).wait(forPredecessor: live, until: deadline)
      return outcome(try await apply.apply(object, over: nil), nil)
    }
    return outcome(
      try await apply.apply(object, over: live) {
        board.report(.action, "\(object.reference): taking over from the original vineyardctl")
      }, live)
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

  private func tooLate(_ object: KubernetesObject, _ error: KubernetesError) -> ProgramError {
    let failure = WebhookFailure(error)
    return ProgramError(
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

/// Limits on retrying a webhook that does not answer: ours may be starting, those of others are down.
private struct WebhookRetries {
  private var failures: [String: Int] = [:]

  /// Tries after which a pause in somebody else's service, such as the restart of its only pod, is over.
  private static let triesAtOthers = 4
  /// Tries when nothing comes back, which the API server waits some seconds for each time.
  private static let triesAtSilence = 2

  /// Notes a failure.
  ///
  /// - Returns: whether another try may help. Errors that are about something else always may.
  mutating func allow(_ error: KubernetesError) -> Bool {
    guard let failure = WebhookFailure(error) else { return true }
    let tries = failures[failure.name, default: 0] + 1
    failures[failure.name] = tries
    if failure.isSilence { return tries < Self.triesAtSilence }
    return failure.isOurs || tries < Self.triesAtOthers
  }
}

/// Applies an object without changing anything, to see what it would become.
struct DryRunApply: Sendable {
  let client: KubernetesClient
  let forcesConflicts: Bool

  /// - Parameter live: the object as it is, nil when there is none.
  /// - Returns: nil when the server cannot tell yet, because the namespace, the kind or the kind's newest fields are
  ///   made by an earlier step.
  func apply(_ object: KubernetesObject, over live: KubernetesObject?) async throws -> KubernetesObject? {
    if object.isMadeOnce, let live { return live }
    // Applying for good hands the fields of the original over first, which a dry run cannot.
    let isTakeover = live.map { FieldHandover.patch(for: $0) != nil } ?? false
    do {
      return try await client.apply(object, force: forcesConflicts || isTakeover, dryRun: true)
    } catch let error as KubernetesError where error.isNotFound {
      return nil
    } catch let error as KubernetesError where error.message.contains("field not declared in schema") {
      guard try await hasOldDefinition(object) else { throw error }
      return nil
    } catch let error as KubernetesError where isTakeover && error.httpStatus == 422 {
      // Fields of both programs side by side may contradict each other, which they will not be.
      return nil
    }
  }

  /// Whether the object's kind is defined by another version, which is replaced before its resources are applied.
  private func hasOldDefinition(_ object: KubernetesObject) async throws -> Bool {
    let type = object.reference.type
    guard type.group == ResourceKind.group else { return false }
    let definition = try await client.get(
      ObjectReference(type: .customResourceDefinition, name: "\(type.usualPlural).\(type.group)"))
    return definition?.labels["app.kubernetes.io/version"] != Version.product
  }
}
