import GRPCCore
import Glibc
import StoreProtocol
import Support

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

  /// Whether a node has the label by which Kubernetes finds the ready stores of a cluster (`VolumeTopology.storeKey`).
  ///
  /// - Throws: `RPCError` with code `unavailable` when it cannot be told.
  func hasLabelledNodes(_ cluster: ClusterName) async throws(RPCError) -> Bool
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

/// The stores of this machine, found by the directories of their sockets: `<root>/<namespace>/<cluster>/vineyard.sock`.
struct LocalStores: StoreDirectory {
  let root: String
  let node: String

  func stores(of cluster: ClusterName) async throws(RPCError) -> [StoreEndpoint] {
    store(of: cluster).map { [$0] } ?? []
  }

  func clusters() async throws(RPCError) -> [ClusterName] {
    var clusters: [ClusterName] = []
    for namespace in try Self.names(in: root) {
      for name in try Self.names(in: "\(root)/\(namespace)") {
        guard let cluster = ClusterName(namespace: namespace, name: name), store(of: cluster) != nil else { continue }
        clusters.append(cluster)
      }
    }
    return clusters
  }

  /// Here is no Kubernetes that would look for it.
  func hasLabelledNodes(_ cluster: ClusterName) -> Bool { true }

  /// The store of a cluster on this machine, nil when it has none.
  ///
  /// Without its socket, a store that has volumes is between two lives: it opens them again when it starts.
  private func store(of cluster: ClusterName) -> StoreEndpoint? {
    guard Self.hasSocket(cluster, root: root) || hasVolumes(cluster) else { return nil }
    return StoreEndpoint(cluster: cluster, node: node, address: Self.address(of: cluster, root: root), isReady: true)
  }

  private func hasVolumes(_ cluster: ClusterName) -> Bool {
    let names = try? Self.names(in: "\(root)/\(cluster)/\(VolumeTree.volumes)")
    return names?.contains(where: VolumeSettings.isValid) ?? false
  }

  static func address(of cluster: ClusterName, root: String) -> StoreEndpoint.Address {
    .socket(root: root, name: "\(cluster)/\(VolumeTree.socket)")
  }

  static func hasSocket(_ cluster: ClusterName, root: String) -> Bool {
    guard case .socket(let root, let name) = address(of: cluster, root: root) else { return false }
    return (try? OpenDirectory.resolving(root).socket([name])) != nil
  }

  /// The names in a directory, sorted; none when there is no such directory.
  private static func names(in directory: String) throws(RPCError) -> [String] {
    guard let stream = opendir(directory) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw RPCError(code: .unavailable, message: "cannot read \(directory): \(errorText(errno))")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
