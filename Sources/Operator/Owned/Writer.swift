import KubernetesClient
import KubernetesObjects

/// Writes to the API server, for as long as this replica leads.
struct Writer: Sendable {
  let client: KubernetesClient
  let leadership: Leadership

  /// Makes the server's object have the fields given, even if another manager owned them before.
  ///
  /// - Parameter live: the object as it is; nil when there is none.
  func apply(_ object: KubernetesObject, over live: KubernetesObject?) async throws -> ServerSideApply.Outcome {
    let apply = ServerSideApply(client: client, forcesConflicts: true, mayWrite: leadership.check)
    do {
      return try await apply.apply(object, over: live)
    } catch let error as KubernetesError where error.httpStatus == 422 && Self.isReplaceable(object) {
      // Nothing but its name matters to those who use it.
      try await delete(object.reference, uid: nil)
      let isAdopted = live.map { FieldHandover.patch(for: $0, to: client.fieldManager) != nil } ?? false
      let outcome = try await apply.apply(object, over: nil)
      return ServerSideApply.Outcome(object: outcome.object, change: isAdopted ? .adopted : .applied)
    }
  }

  /// Whether the fields of a kind cannot be changed, and it holds nothing.
  private static func isReplaceable(_ object: KubernetesObject) -> Bool {
    [.storageClass, .registeredDriver, .snapshotClass].contains(object.reference.type)
  }

  func create(_ object: KubernetesObject) async throws -> KubernetesObject {
    try leadership.check()
    return try await client.create(object)
  }

  func patch(_ object: ObjectReference, _ patch: Patch, subresource: String? = nil) async throws -> KubernetesObject {
    try leadership.check()
    return try await client.patch(object, patch, subresource: subresource)
  }

  /// - Parameters:
  ///   - uid: deletes only the object with this identity.
  ///   - force: whether a pod goes at once, although nobody says that its containers have ended.
  func delete(_ object: ObjectReference, uid: String?, force: Bool = false) async throws {
    try leadership.check()
    _ = try await client.delete(object, uid: uid, graceSeconds: force ? 0 : nil)
  }
}
