import GRPCCore

/// Knows which stores there are.
protocol StoreDirectory: Sendable {
  /// The stores of a cluster by node, also those that start or end; none when the cluster is gone.
  ///
  /// - Throws: `RPCError` with code `unavailable` when it cannot be told.
  func stores(of cluster: ClusterName) async throws(RPCError) -> [StoreEndpoint]

  /// The clusters that have stores, in the order of their names.
  ///
  /// - Throws: `RPCError` with code `unavailable` when it cannot be told.
  func clusters() async throws(RPCError) -> [ClusterName]
}

extension StoreDirectory {
  /// The stores of one cluster, or of every cluster.
  func stores(of cluster: ClusterName?) async throws(RPCError) -> [StoreEndpoint] {
    if let cluster { return try await stores(of: cluster) }
    var stores: [StoreEndpoint] = []
    for cluster in try await clusters() { stores += try await self.stores(of: cluster) }
    return stores
  }
}
