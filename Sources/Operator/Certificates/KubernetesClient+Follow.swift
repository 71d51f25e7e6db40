import Documents
import KubernetesClient
import Support

extension KubernetesClient {
  /// Watches one object until the task is cancelled.
  ///
  /// - Parameter changed: gets the object as it is at first and after each change, nil when there is none.
  /// - Throws: `CancellationError` only.
  func follow(
    _ object: ObjectReference, log: Log, changed: @Sendable (KubernetesObject?) async throws -> Void
  ) async throws {
    let events = watch(object.type, namespace: object.namespace, fields: "metadata.name=\(object.name)")
    while true {
      do {
        for try await event in events {
          switch event {
          case .replaced(let objects): try await changed(objects.first { $0.name == object.name })
          case .added(let live), .modified(let live): try await changed(live)
          case .deleted: try await changed(nil)
          }
        }
      } catch {
        try Task.checkCancellation()
        log.warning("\(object) cannot be watched, trying again in a minute: \(error)")
      }
      try await Task.sleep(for: .seconds(60))
    }
  }
}
