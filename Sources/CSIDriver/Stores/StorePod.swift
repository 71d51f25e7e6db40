import KubernetesObjects

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
