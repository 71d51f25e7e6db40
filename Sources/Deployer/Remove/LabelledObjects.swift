import Documents
import KubernetesClient

/// Finds what belongs to a cluster by its label.
public struct LabelledObjects: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  private static let namespaced = [
    ObjectType.deployment, .statefulSet, .persistentVolumeClaim,
    ObjectType(apiVersion: "v1", kind: "Service"), ObjectType(apiVersion: "v1", kind: "ServiceAccount"),
    ObjectType(apiVersion: "v1", kind: "Secret"), ObjectType(apiVersion: "v1", kind: "ConfigMap"),
    ObjectType(apiVersion: "v1", kind: "Pod"),
    ObjectType(apiVersion: "policy/v1", kind: "PodDisruptionBudget"),
    ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role"),
    ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding"),
  ]
  private static let clusterWide = [ObjectType(apiVersion: "v1", kind: "PersistentVolume")]

  /// The objects of a cluster that nothing else controls; what they control goes with them.
  public func of(cluster name: String, in namespace: String) async throws -> [KubernetesObject] {
    return try await withThrowingTaskGroup(of: [KubernetesObject].self) { group in
      for type in Self.namespaced + Self.clusterWide {
        let scope = Self.clusterWide.contains(type) ? nil : namespace
        group.addTask { try await client.list(type, namespace: scope, labels: "app.vineyard.io/name=\(name)").items }
      }
      return try await group.reduce(into: []) { $0 += $1.filter { !Self.isControlled($0) } }
    }
  }

  private static func isControlled(_ object: KubernetesObject) -> Bool {
    (object.tree["metadata", "ownerReferences"]?.array ?? []).contains { $0["controller"]?.bool == true }
  }
}
