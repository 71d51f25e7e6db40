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
      let node = pod.tree["spec", "nodeName"]?.string, !node.isEmpty
    else { return nil }
    let phase = pod.tree["status", "phase"]?.string
    if phase == "Succeeded" || phase == "Failed" { return nil }
    self.cluster = cluster
    self.node = node
    let host = pod.tree["status", "podIP"]?.string ?? ""
    address = host.isEmpty ? .none : .network(host: host, port: Self.port(of: pod))
    isReady = address != .none && !pod.isBeingDeleted && Self.isReady(pod)
  }

  private static func isReady(_ pod: KubernetesObject) -> Bool {
    let conditions = pod.tree["status", "conditions"]?.array ?? []
    return conditions.contains { $0["type"]?.string == "Ready" && $0["status"]?.string == "True" }
  }

  private static func port(of pod: KubernetesObject) -> UInt16 {
    for container in pod.tree["spec", "containers"]?.array ?? [] {
      let ports = container["ports"]?.array ?? []
      let port = ports.first { $0["name"]?.string == "rpc" }?["containerPort"]?.int
      if let port = port.flatMap({ UInt16(exactly: $0) }) { return port }
    }
    return defaultPort
  }
}
