import KubernetesClient
import KubernetesObjects

/// Writes to the API server, for as long as this replica leads.
struct Writer: Sendable {
  let client: KubernetesClient
  let leadership: Leadership

  /// Makes the server's object have the fields given, whoever owned them before.
  func apply(_ object: KubernetesObject) async throws -> KubernetesObject {
    try leadership.check()
    return try await client.apply(object, force: true)
  }

  func create(_ object: KubernetesObject) async throws -> KubernetesObject {
    try leadership.check()
    return try await client.create(object)
  }

  func patch(_ object: ObjectReference, _ patch: Patch, subresource: String? = nil) async throws -> KubernetesObject {
    try leadership.check()
    return try await client.patch(object, patch, subresource: subresource)
  }

  /// - Parameter uid: deletes only the object with this identity.
  func delete(_ object: ObjectReference, uid: String?) async throws {
    try leadership.check()
    _ = try await client.delete(object, uid: uid)
  }
}
