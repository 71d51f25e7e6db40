import KubernetesClient
import KubernetesObjects
import Support

/// A pod that runs a store.
public struct StorePod: Sendable, Hashable {
  public let name: String
  public let namespace: String
  /// Name of its Vineyardd, or of its Deployment.
  public let cluster: String
  /// Name of its node; empty while it is on none.
  public let node: String
  /// Port of its RPC.
  public let port: UInt16
  public let isReady: Bool

  /// The port of a store that names none, in the original's pods.
  private static let defaultPort: UInt16 = 9600

  /// - Returns: nil for a pod that is no store, or has ended.
  public init?(_ pod: KubernetesObject) {
    let view = Pod(pod)
    guard let namespace = pod.namespace, let cluster = pod.labels["app.vineyard.io/name"],
      pod.labels["app.vineyard.io/role"] == "vineyardd", !view.hasEnded
    else { return nil }
    name = pod.name
    self.namespace = namespace
    self.cluster = cluster
    node = view.node ?? ""
    port =
      view.containers.lazy.compactMap { $0.port("rpc") }.compactMap { UInt16(exactly: $0) }.first ?? Self.defaultPort
    isReady = view.isReady && !pod.isBeingDeleted
  }
}

/// Finds the stores of a namespace, and what is needed to look into them.
public struct StorePods: Sendable {
  private let client: KubernetesClient
  private let namespace: String

  public init(client: KubernetesClient, namespace: String) {
    self.client = client
    self.namespace = namespace
  }

  /// The stores, by node and name.
  ///
  /// - Parameter cluster: the name of a Vineyardd or a Deployment; nil for all.
  /// - Throws: as every call of `KubernetesClient`.
  public func find(cluster: String? = nil) async throws -> [StorePod] {
    let labels = "app.vineyard.io/name\(cluster.map { "=\($0)" } ?? ""),app.vineyard.io/role=vineyardd"
    let pods = try await client.list(.pod, namespace: namespace, labels: labels).items
    return pods.compactMap { StorePod($0) }.sorted { ($0.node, $0.name) < ($1.node, $1.name) }
  }

  /// The secret that the stores of a cluster want to see from those who look into volumes.
  ///
  /// - Returns: nil when the cluster has none, as the original's have none; with a note when it may not be read.
  /// - Throws: as every call of `KubernetesClient`.
  public func adminToken(ofCluster cluster: String) async throws -> (token: String?, note: String?) {
    let reference = ObjectReference(type: .secret, namespace: namespace, name: "\(cluster)-admin-token")
    do {
      let bytes = try await client.get(reference)?.tree["data", "token"]?.string.flatMap { Base64.decode($0) } ?? []
      let token = String(decoding: bytes, as: UTF8.self).trimmingBlanks()
      return (token.isEmpty ? nil : token, nil)
    } catch let error as KubernetesError where error.isForbidden {
      return (nil, "no permission to get \(reference), without which stores let nobody look into volumes")
    }
  }
}
