import Documents
import KubernetesClient

/// What a namespace holds apart from what Kubernetes itself puts into each.
struct NamespaceContent: Sendable {
  let client: KubernetesClient

  private static let types = [
    ObjectType.pod, .deployment, .statefulSet, .daemonSet, .persistentVolumeClaim,
    ObjectType(apiVersion: "v1", kind: "Service"), ObjectType(apiVersion: "v1", kind: "ConfigMap"),
    ObjectType(apiVersion: "v1", kind: "Secret"), ObjectType(apiVersion: "batch/v1", kind: "Job"),
    ObjectType(apiVersion: "batch/v1", kind: "CronJob"),
  ]

  /// Objects somebody else would lose with the namespace, as `Kind name`.
  func foreignObjects(in namespace: String) async throws -> [String] {
    try await withThrowingTaskGroup(of: [String].self) { group in
      for type in Self.types {
        group.addTask {
          let objects = try await client.list(type, namespace: namespace).items
          return objects.filter { Self.counts($0) }.map { "\($0.kind.isEmpty ? type.kind : $0.kind) \($0.name)" }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  /// Whether an object is somebody's: not being deleted, not controlled by another one, not ours, not made for every
  /// namespace.
  private static func counts(_ object: KubernetesObject) -> Bool {
    if object.isBeingDeleted || Ownership.isOurs(object) { return false }
    if !(object.tree["metadata", "ownerReferences"]?.array ?? []).isEmpty { return false }
    if object.name == "kube-root-ca.crt" { return false }
    return object.tree["type"]?.string != "kubernetes.io/service-account-token"
  }
}
