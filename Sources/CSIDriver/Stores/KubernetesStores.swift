import Coordination
import GRPCCore
import KubernetesClient
import KubernetesObjects
import Support
import Synchronization

/// The stores of a Kubernetes cluster, found by the labels of their pods.
///
/// All pods are listed together and kept for a moment, so that many calls at once are one request.
struct KubernetesStores: StoreDirectory {
  private static let labels = "app.vineyard.io/name,app.vineyard.io/role=vineyardd"
  private static let lifetime: Duration = .seconds(2)
  /// Time that the API server may take, tries included.
  private static let timeout: Duration = .seconds(10)

  private let node: String
  private let socketRoot: String
  private let all: ExpiringValue<[StoreEndpoint], RPCError>
  private let labelled: ClusterValues<Bool>

  /// - Parameters:
  ///   - node: where this process runs; there the sockets of stores are preferred, if they can be seen.
  init(client: KubernetesClient, node: String, socketRoot: String) {
    self.node = node
    self.socketRoot = socketRoot
    all = ExpiringValue(lifetime: Self.lifetime) { await Self.list(client) }
    labelled = ClusterValues(lifetime: Self.lifetime) { await Self.hasLabelledNodes($0, client) }
  }

  func stores(of cluster: ClusterName) async throws(RPCError) -> [StoreEndpoint] {
    try await all.current().filter { $0.cluster == cluster }.map(reachedBest)
  }

  func clusters() async throws(RPCError) -> [ClusterName] {
    Set(try await all.current().map(\.cluster)).sorted { $0.description < $1.description }
  }

  func hasLabelledNodes(_ cluster: ClusterName) async throws(RPCError) -> Bool {
    try await labelled.current(cluster)
  }

  private func reachedBest(_ store: StoreEndpoint) -> StoreEndpoint {
    guard store.node == node, LocalStores.hasSocket(store.cluster, root: socketRoot) else { return store }
    return StoreEndpoint(
      cluster: store.cluster, node: node, address: LocalStores.address(of: store.cluster, root: socketRoot),
      isReady: store.isReady)
  }

  private static func hasLabelledNodes(
    _ cluster: ClusterName, _ client: KubernetesClient
  ) async -> Result<Bool, RPCError> {
    do {
      let late = RPCError.late("the API server does not tell which nodes have stores")
      let nodes = try await withTimeout(timeout, throwing: late) {
        try await client.list(.node, labels: cluster.storeLabel).items
      }
      return .success(!nodes.isEmpty)
    } catch {
      return .failure(.ofServer(error))
    }
  }

  private static func list(_ client: KubernetesClient) async -> Result<[StoreEndpoint], RPCError> {
    do {
      let late = RPCError.late("the API server does not tell where the stores are")
      let pods = try await withTimeout(timeout, throwing: late) { try await client.list(.pod, labels: labels).items }
      return .success(pods.compactMap { StoreEndpoint(pod: $0) }.sorted { $0.node < $1.node })
    } catch {
      return .failure(.ofServer(error))
    }
  }
}

extension StoreEndpoint {
  /// The port of a store that names none, in the original's pods.
  private static let defaultPort: UInt16 = 9600

  /// The store that a pod runs.
  ///
  /// - Returns: nil for a pod that has ended or is not on a node yet, and for one that is no store.
  init?(pod: KubernetesObject) {
    guard let namespace = pod.namespace, let name = pod.labels["app.vineyard.io/name"],
      let cluster = ClusterName(namespace: namespace, name: name),
      let node = Pod(pod).node, !Pod(pod).hasEnded
    else { return nil }
    let view = Pod(pod)
    self.cluster = cluster
    self.node = node
    let port = view.containers.lazy.compactMap { $0.port("rpc") }.compactMap { UInt16(exactly: $0) }.first
    address = view.address.map { .network(host: $0, port: port ?? Self.defaultPort) } ?? .none
    isReady = address != .none && !pod.isBeingDeleted && view.isReady
  }
}

/// Tokens without which stores let nobody change volumes over the network.
///
/// They are read from the Secrets `<cluster>-admin-token` and kept for a minute.
final class AdminTokens: Sendable {
  private static let lifetime: Duration = .seconds(60)
  private static let timeout: Duration = .seconds(10)

  private let tokens: ClusterValues<String>

  init(client: KubernetesClient) { tokens = ClusterValues(lifetime: Self.lifetime) { await Self.read($0, client) } }

  /// The token of a cluster.
  ///
  /// - Parameter refused: a token that a store did not take.
  /// - Throws: `RPCError` with code `unavailable` when the API server does not give it, `failedPrecondition` when the
  ///   cluster has none.
  func token(of cluster: ClusterName, insteadOf refused: String? = nil) async throws(RPCError) -> String {
    try await tokens.current(cluster, insteadOf: refused)
  }

  private static func read(_ cluster: ClusterName, _ client: KubernetesClient) async -> Result<String, RPCError> {
    let reference = ObjectReference(
      type: .secret, namespace: cluster.namespace, name: "\(cluster.name)-admin-token")
    do {
      let late = RPCError.late("the API server does not give \(reference)")
      let secret = try await withTimeout(timeout, throwing: late) { try await client.get(reference) }
      return token(in: secret, reference)
    } catch {
      return .failure(.ofServer(error))
    }
  }

  private static func token(in secret: KubernetesObject?, _ reference: ObjectReference) -> Result<String, RPCError> {
    let bytes = secret?.tree["data", "token"]?.string.flatMap { Base64.decode($0) } ?? []
    let token = String(decoding: bytes, as: UTF8.self).trimmingBlanks()
    if !token.isEmpty { return .success(token) }
    let problem = "\(reference) \(secret == nil ? "does not exist" : "has no 'token'")"
    return .failure(
      RPCError(
        code: .failedPrecondition, message: "\(problem) (hint: deploying the cluster with vineyardctl makes it)"))
  }
}
