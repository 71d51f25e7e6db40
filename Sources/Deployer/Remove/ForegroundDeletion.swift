import KubernetesClient
import KubernetesObjects
import Support

/// Finds out whether changes of our custom resources are refused because nobody answers the webhooks that must see
/// them.
///
/// Deleting a resource in the foreground ends with a change of it, which such a webhook stops for ever.
/// Source: Kubernetes documentation, "Garbage Collection" (foreground deletion) and "Dynamic Admission Control"
/// (`failurePolicy`).
struct DeadWebhooks: Sendable {
  let client: KubernetesClient

  private static let types = [ObjectType.mutatingWebhooks, .validatingWebhooks]

  /// Whether a webhook for a kind's group must be asked and cannot answer.
  func concern(_ type: ObjectType) async throws -> Bool {
    for configurations in Self.types {
      for namespace in Set(try await list(configurations).flatMap { Self.namespaces($0, asked: type.group) }) {
        if try await !OperatorPresence(client: client).isAvailable(in: namespace) { return true }
      }
    }
    return false
  }

  /// The namespaces of the services that must be asked about changes in an API group.
  private static func namespaces(_ configuration: KubernetesObject, asked group: String) -> [String] {
    (configuration.tree["webhooks"]?.array ?? []).compactMap { webhook in
      let groups = (webhook["rules"]?.array ?? []).flatMap { $0["apiGroups"]?.array ?? [] }
      guard webhook["failurePolicy"]?.string != "Ignore", groups.contains(where: { $0.string == group }) else {
        return nil
      }
      return webhook["clientConfig", "service", "namespace"]?.string
    }
  }

  /// Lists objects of a type. Without the right to see them, they are taken for alive.
  private func list(_ type: ObjectType) async throws -> [KubernetesObject] {
    do {
      return try await client.list(type).items
    } catch let error as KubernetesError where error.isForbidden {
      return []
    }
  }
}

/// Finds the objects that the garbage collector takes away after a custom resource.
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
      guard let selector = ReadinessGate(workload: workload, required: false).podSelector else { continue }
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
