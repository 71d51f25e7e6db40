import Coordination
import KubernetesClient
import KubernetesObjects
import Support

/// Waits for the end of objects that are being deleted.
struct DeletionWaiter: Sendable {
  let client: KubernetesClient
  let board: ProgressBoard

  /// Waits until the objects are gone.
  ///
  /// - Throws: `ProgramError` with code `notReady` and what holds an object up.
  func wait(for objects: [KubernetesObject], until deadline: Deadline) async throws {
    guard !objects.isEmpty else { return }
    let isDone = try await deadline.race {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for object in objects { group.addTask { try await follow(object) } }
        try await group.waitForAll()
      }
    }
    guard !isDone else { return }
    throw await stillThere(objects, deadline)
  }

  private func follow(_ object: KubernetesObject) async throws {
    let reference = object.reference
    let name = reference.description
    var isStuck = false
    do {
      try await watch(object) { latest in
        guard let failure = Self.discoveryFailure(latest) else {
          board.update(name, Self.obstacle(latest) ?? "being deleted")
          return true
        }
        // What it waits for is not ours, and nothing of ours is left in it but the name.
        board.report(.warning, "\(reference) stays until an API of somebody else is repaired or removed: \(failure)")
        isStuck = true
        return false
      }
    } catch let error as KubernetesError where error.httpStatus == 404 {
      // The definition is gone, and its resources with it.
    }
    try Task.checkCancellation()
    // What goes at once is not worth a line.
    if !isStuck, board.knows(name) { board.update(name, "gone", isDone: true) }
  }

  /// Waits for the end of a terminating object that is in the way of a new one.
  ///
  /// - Throws: `ProgramError` with code `notReady` when it is still there at the deadline.
  func wait(forPredecessor object: KubernetesObject, until deadline: Deadline) async throws {
    let name = "old \(object.reference)"
    let isGone = try await deadline.race {
      try await watch(object) { _ in
        board.update(name, "waiting for its end")
        return true
      }
      try Task.checkCancellation()
    }
    guard isGone else {
      throw ProgramError(
        .notReady, "\(object.reference) is still being deleted after \(deadline.text)",
        hint: "'kubectl get' shows the finalizers that hold it; run the same command again to go on waiting")
    }
    if board.knows(name) { board.update(name, "gone", isDone: true) }
  }

  /// Follows an object until it is gone.
  ///
  /// - Parameter changed: takes each state of it, and says whether to go on.
  private func watch(_ object: KubernetesObject, _ changed: (KubernetesObject) -> Bool) async throws {
    let reference = object.reference
    let events = client.watch(reference.type, namespace: reference.namespace, fields: "metadata.name=\(reference.name)")
    for try await event in events {
      guard let latest = event.latest, latest.uid == object.uid, changed(latest) else { return }
    }
  }

  /// The error for objects that outlive the deadline.
  private func stillThere(_ objects: [KubernetesObject], _ deadline: Deadline) async -> ProgramError {
    for object in objects {
      guard let live = try? await client.get(object.reference), live.uid == object.uid else { continue }
      return ProgramError(
        .notReady, "\(object.reference) is still there after \(deadline.text)", cause: await lastSeen(live),
        hint: "deletion goes on in the cluster; run the same command again to wait for it")
    }
    return ProgramError(
      .notReady, "the deletion of \(objects.map(\.reference.description).shortList) took longer than \(deadline.text)",
      cause: "the last of them has gone just now", hint: "run the same command again to go on")
  }

  /// Last state of an object: what holds it up, and its dependents that are still there.
  private func lastSeen(_ object: KubernetesObject) async -> String {
    guard let obstacle = Self.obstacle(object) else {
      return object.isBeingDeleted ? "its end has begun, and no finalizer holds it" : "nobody is deleting it any more"
    }
    guard obstacle == Self.dependence, let rest = try? await Dependents(client: client).of(object), !rest.isEmpty else {
      return obstacle
    }
    return "\(obstacle): \(rest.map(\.reference.description).shortList)"
  }

  /// Reason why a namespace cannot end although everything of ours in it has: an API of somebody else does not answer.
  ///
  /// Source: the conditions of the namespace controller.
  static func discoveryFailure(_ object: KubernetesObject) -> String? {
    guard object.reference.type == .namespace else { return nil }
    let failure = object.conditions.filter { $0.status == .yes }.first { condition in
      condition.type == "NamespaceDeletionDiscoveryFailure"
        || condition.type == "NamespaceDeletionContentFailure" && condition.message.contains("conversion webhook")
    }
    return failure?.message
  }

  /// The obstacle that holds up the deletion of an object.
  static func obstacle(_ object: KubernetesObject) -> String? {
    if let failure = discoveryFailure(object) { return failure }
    for type in [
      "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure", "NamespaceFinalizersRemaining",
      "NamespaceContentRemaining",
    ] {
      if let remaining = object.condition(type), remaining.status == .yes { return remaining.message }
    }
    let others = object.finalizers.filter { $0 != "foregroundDeletion" }
    if !others.isEmpty { return "held by the finalizers \(others.joined(separator: ", "))" }
    return object.finalizers.isEmpty ? nil : dependence
  }

  private static let dependence = "waiting for what depends on it"
}
