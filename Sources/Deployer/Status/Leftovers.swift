import KubernetesClient
import KubernetesObjects
import Support

/// Finds what is left of an installation whose namespace was deleted with other tools: webhooks that nobody answers any
/// more stop every change of Vineyard's resources.
public struct Leftovers: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// The objects that were found.
  public struct Found: Sendable, Equatable, CustomStringConvertible {
    /// The namespace that is gone.
    public let namespace: String
    /// The objects of the cluster as a whole that were made with it.
    public let objects: [ObjectReference]

    public var description: String {
      "of an installation in the namespace '\(namespace)', which is gone, there are left: "
        + objects.map(\.description).shortList
    }

    public var hint: String {
      "'vineyardctl delete operator -n \(namespace)' removes them; deploying with --create-namespace takes them over"
    }
  }

  private static let types: [ObjectType] = [
    .mutatingWebhooks, .validatingWebhooks, .clusterRole, .clusterRoleBinding, .registeredDriver, .storageClass,
  ]

  /// A sentence about what is left; nil when nothing is, or when this user may not look.
  public func found() async -> Found? {
    do {
      return try await find()
    } catch {
      return nil
    }
  }

  private func find() async throws -> Found? {
    var objects: [KubernetesObject] = []
    for type in Self.types {
      objects += try await client.list(type, labels: "app.kubernetes.io/managed-by=vineyardctl").items
    }
    for namespace in Set(objects.flatMap { Self.namespaces(of: $0) }).sorted() {
      guard try await client.get(ObjectReference(type: .namespace, name: namespace)) == nil else { continue }
      return Found(namespace: namespace, objects: objects.map(\.reference))
    }
    return nil
  }

  /// The namespaces that an object of the cluster as a whole needs.
  private static func namespaces(of object: KubernetesObject) -> [String] {
    let services = (object.tree["webhooks"]?.array ?? []).compactMap {
      $0["clientConfig", "service", "namespace"]?.string
    }
    let subjects = (object.tree["subjects"]?.array ?? []).compactMap { $0["namespace"]?.string }
    return services + subjects
  }
}
