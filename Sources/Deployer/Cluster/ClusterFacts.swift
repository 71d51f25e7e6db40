import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// What a command finds out about a cluster before it changes anything.
public struct ClusterFacts: Sendable {
  public let version: ServerVersion
  /// Whether the namespace that is deployed to exists.
  public let hasNamespace: Bool
  /// Whether somebody else made it.
  public let isNamespaceOthers: Bool
  /// Whether it is on its way out.
  public let isNamespaceEnding: Bool
  /// The nodes; nil without the right to list them.
  public let nodes: [NodeFacts]?
  /// What it has beyond plain Kubernetes.
  public let platform: Platform

  /// Asks the API server, everything at once.
  ///
  /// - Throws: `CommandError` when it cannot be reached or refuses.
  public static func gather(_ client: KubernetesClient, namespace: String) async throws -> ClusterFacts {
    async let version = client.version()
    async let found = client.get(ObjectReference(type: .namespace, name: namespace))
    async let nodes = nodesIfAllowed(client)
    async let constraints = client.resource(for: Platform.constraintsType)
    let existing = try await found
    return try await ClusterFacts(
      version: version, hasNamespace: existing != nil,
      isNamespaceOthers: existing.map { !$0.isBeingDeleted && !Ownership.isCreatedByUs($0) } ?? false,
      isNamespaceEnding: existing?.isBeingDeleted ?? false, nodes: nodes,
      platform: Platform(isOpenShift: constraints != nil))
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
    if createsNamespace || hasNamespace && !isNamespaceEnding { return }
    guard !isNamespaceEnding else {
      throw CommandError(
        .failed, "the namespace '\(namespace)' is being deleted",
        hint: "--create-namespace waits for its end and creates it anew")
    }
    throw CommandError(
      .failed, "the namespace '\(namespace)' does not exist",
      hint: "--create-namespace creates it, -n names another one")
  }

  /// The oldest minor version of Kubernetes 1 that is supported.
  public static let oldestMinor = 25
}
