/// A store of a cluster, and how to reach it.
struct StoreEndpoint: Hashable, Sendable {
  enum Address: Hashable, Sendable {
    /// The main socket, when it is on this machine: its name below the directory of all sockets.
    case socket(root: String, name: String)
    /// The RPC port, which wants the cluster's admin token.
    case network(host: String, port: UInt16)
    /// The pod has none yet.
    case none
  }

  let cluster: ClusterName
  /// Name of the Kubernetes node it runs on.
  let node: String
  let address: Address
  /// Whether new volumes may be made there.
  let isReady: Bool
}

extension StoreEndpoint: CustomStringConvertible {
  /// `the store of namespace/cluster on node node-1`.
  var description: String { "the store of \(cluster) on node \(node)" }
}
