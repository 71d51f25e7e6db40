import KubernetesClient
import KubernetesObjects

/// Finds what the garbage collector takes away after a custom resource.
struct Dependents: Sendable {
  let client: KubernetesClient

  /// The workloads that a custom resource owns, and their pods.
  func of(_ resource: KubernetesObject) async throws -> [KubernetesObject] {
    guard let uid = resource.uid else { return [] }
    var found: [KubernetesObject] = []
    for type in [ObjectType.deployment, .statefulSet, .daemonSet] {
      found += try await list(type, resource, "app.vineyard.io/name=\(resource.name)")
        .filter { $0.owners.contains { $0.uid == uid } }
    }
    for workload in found {
      guard let selector = Gate(workload: workload, required: false).podSelector else { continue }
      found += try await client.list(.pod, namespace: workload.namespace, labels: selector).items
        .filter { !$0.owners.isEmpty }
    }
    return found
  }

  private func list(_ type: ObjectType, _ resource: KubernetesObject, _ labels: String) async throws
    -> [KubernetesObject]
  {
    try await client.list(type, namespace: resource.namespace, labels: labels).items
  }
}
