import GRPCCore
import Glibc
import Support

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

  /// The store of a cluster on this machine, nil when it has none.
  ///
  /// Without its socket, a store that has volumes is between two lives: it opens them again when it starts.
  private func store(of cluster: ClusterName) -> StoreEndpoint? {
    guard Self.hasSocket(cluster, root: root) || hasVolumes(cluster) else { return nil }
    return StoreEndpoint(cluster: cluster, node: node, address: Self.address(of: cluster, root: root), isReady: true)
  }

  private func hasVolumes(_ cluster: ClusterName) -> Bool {
    let names = try? Self.names(in: "\(root)/\(cluster)/\(VolumeTree.volumes)")
    return names?.contains(where: VolumeHandle.isLeaf) ?? false
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
