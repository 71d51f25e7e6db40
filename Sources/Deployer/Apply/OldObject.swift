import KubernetesClient
import KubernetesObjects
import Support

/// Waits for the end of an object that is in the way of a new one.
struct OldObject: Sendable {
  let client: KubernetesClient
  let board: WaitBoard

  /// - Parameter object: one that is being deleted.
  /// - Throws: `CommandError` with code `notReady` when it is still there at the deadline.
  func waitUntilGone(_ object: KubernetesObject, _ deadline: Deadline) async throws {
    let isGone = try await deadline.race { try await watch(object) }
    guard !isGone else { return }
    throw CommandError(
      .notReady, "\(object.reference) is still being deleted after \(deadline.text)",
      hint: "'kubectl get' shows the finalizers that hold it; run the same command again to go on waiting")
  }

  private func watch(_ object: KubernetesObject) async throws {
    let reference = object.reference
    let name = "old \(reference)"
    let events = client.watch(reference.type, namespace: reference.namespace, fields: "metadata.name=\(reference.name)")
    for try await event in events {
      guard let latest = event.latest, latest.uid == object.uid else { break }
      board.update(name, "waiting for its end")
    }
    try Task.checkCancellation()
    if board.knows(name) { board.update(name, "gone", isDone: true) }
  }
}
