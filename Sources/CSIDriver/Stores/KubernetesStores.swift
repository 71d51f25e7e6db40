import GRPCCore
import KubernetesClient
import KubernetesObjects
import Support

/// The stores of a Kubernetes cluster, found by the labels of their pods.
///
/// All pods are listed together and kept for a moment, so that many calls at once are one request.
struct KubernetesStores: StoreDirectory {
  private static let labels = "app.vineyard.io/name,app.vineyard.io/role=vineyardd"
  private static let lifetime: Duration = .seconds(2)
  /// How long the API server may take, tries included.
  private static let patience: Duration = .seconds(10)

  private let node: String
  private let socketRoot: String
  private let all: FreshValue<[StoreEndpoint]>

  /// - Parameters:
  ///   - node: where this process runs; there the sockets of stores are preferred, if they can be seen.
  init(client: KubernetesClient, node: String, socketRoot: String) {
    self.node = node
    self.socketRoot = socketRoot
    all = FreshValue(lifetime: Self.lifetime) { await Self.list(client) }
  }

  func stores(of cluster: ClusterName) async throws(RPCError) -> [StoreEndpoint] {
    try await all.current().filter { $0.cluster == cluster }.map(reachedBest)
  }

  func clusters() async throws(RPCError) -> [ClusterName] {
    Set(try await all.current().map(\.cluster)).sorted { $0.description < $1.description }
  }

  private func reachedBest(_ store: StoreEndpoint) -> StoreEndpoint {
    guard store.node == node, LocalStores.hasSocket(store.cluster, root: socketRoot) else { return store }
    return StoreEndpoint(
      cluster: store.cluster, node: node, address: LocalStores.address(of: store.cluster, root: socketRoot),
      isReady: store.isReady)
  }

  private static func list(_ client: KubernetesClient) async -> Result<[StoreEndpoint], RPCError> {
    do {
      let pods = try await withTimeLimit(patience, late: .late("the API server does not tell where the stores are")) {
        try await client.list(.pod, labels: labels).items
      }
      return .success(pods.compactMap { StoreEndpoint(pod: $0) }.sorted { $0.node < $1.node })
    } catch {
      return .failure(.ofServer(error))
    }
  }
}

extension RPCError {
  /// What the API server has to say, or that it says nothing.
  static func ofServer(_ error: any Error) -> RPCError {
    if let error = error as? RPCError { return error }
    let text = (error as? any ClientError)?.asCommandError.description ?? "\(error)"
    return RPCError(code: .unavailable, message: text.onOneLine)
  }
}
