import KubernetesClient
import KubernetesObjects
import Support

/// Asks what the stores of a cluster hold.
public struct StoreContents: Sendable {
  private let client: KubernetesClient
  private let log: Log
  private let isInside: Bool

  /// - Parameter isInside: whether this is a pod of the cluster, which reaches the others without the API server.
  public init(client: KubernetesClient, log: Log, isInside: Bool = false) {
    self.client = client
    self.log = log
    self.isInside = isInside
  }

  /// The content of each running store; what may not be seen is taken as unknown.
  ///
  /// - Parameter cluster: as `namespace/name`.
  public func read(namespace: String, name: String) async throws -> [StoreContent] {
    let pods = try await client.list(
      .pod, namespace: namespace, labels: "app.vineyard.io/name=\(name),app.vineyard.io/role=vineyardd"
    ).items
    guard !StoreContent.of(pods, bytes: [:], uses: []).isEmpty else { return [] }
    let cluster = "\(namespace)/\(name)"
    async let memory = StoreMemoryReader(client: client, log: log, isInside: isInside).read(pods)
    async let uses = uses(of: cluster)
    return try await StoreContent.of(pods, bytes: memory.found.mapValues(\.used), uses: uses)
  }

  private func uses(of cluster: String) async throws -> [VolumeUse] {
    do {
      let classes = try await StorageClasses(client: client).of(clusters: [cluster])
      return try await VolumeUses(client: client, scope: .clusters([cluster], classes: classes)).find().uses
    } catch let error as KubernetesError where error.isForbidden {
      log.debug("the claims of \(cluster) cannot be seen: \(error)")
      return []
    }
  }
}
