import Documents
import KubernetesClient
import Support

/// What a command finds out about a cluster before it changes anything.
public struct ClusterFacts: Sendable {
  public let version: ServerVersion
  /// Whether the namespace that is deployed to exists.
  public let hasNamespace: Bool
  /// Whether somebody else made it.
  public let isNamespaceOthers: Bool
  /// The nodes; nil without the right to list them.
  public let nodes: [NodeFacts]?

  /// Asks the API server, everything at once.
  ///
  /// - Throws: `CommandError` when it cannot be reached or refuses.
  public static func gather(_ client: KubernetesClient, namespace: String) async throws -> ClusterFacts {
    async let version = client.version()
    async let found = client.get(ObjectReference(type: .namespace, name: namespace))
    async let nodes = nodesIfAllowed(client)
    let existing = try await found
    return try await ClusterFacts(
      version: version, hasNamespace: existing != nil,
      isNamespaceOthers: existing.map { !Ownership.isCreatedByUs($0) } ?? false, nodes: nodes)
  }

  private static func nodesIfAllowed(_ client: KubernetesClient) async throws -> [NodeFacts]? {
    do {
      return try await client.list(.node).items.map { NodeFacts($0) }
    } catch let error as KubernetesError where error.httpStatus == 403 {
      return nil
    }
  }

  /// Makes sure that the cluster can be deployed to.
  ///
  /// - Throws: `CommandError` when the server is too old, or the namespace missing and not to be created.
  public func requireUsable(namespace: String, createsNamespace: Bool) throws {
    if version.major == 1 && version.minor < Self.oldestMinor {
      throw CommandError(
        .failed, "Kubernetes \(version.gitVersion) is too old",
        hint: "vineyardctl needs 1.\(Self.oldestMinor) or newer")
    }
    guard !hasNamespace && !createsNamespace else { return }
    throw CommandError(
      .failed, "the namespace '\(namespace)' does not exist",
      hint: "--create-namespace creates it, -n names another one")
  }

  /// The oldest minor version of Kubernetes 1 that is supported.
  public static let oldestMinor = 25
}
