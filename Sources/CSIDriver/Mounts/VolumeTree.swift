import GRPCCore
import Glibc
import Support

/// The directories of this node's volumes: `<root>/<namespace>/<cluster>/volumes/<leaf>`.
///
/// The original mounts the directory of a store into pods, writable. So what is in there may be anybody's doing, and no
/// link is followed below the root.
struct VolumeTree: Sendable {
  static let volumes = "volumes"
  /// A volume's directory for those who only read, in its directory for everybody.
  static let readOnly = "read-only"
  static let socket = "vineyard.sock"

  let root: String

  /// The directory that is mounted for a volume.
  ///
  /// - Throws: `PathError`.
  func directory(_ cluster: ClusterName, _ leaf: String, isReadOnly: Bool = false) throws(PathError) -> OpenDirectory {
    let names = [cluster.namespace, cluster.name, Self.volumes, leaf]
    return try OpenDirectory.resolving(root).descendant(isReadOnly ? names + [Self.readOnly] : names)
  }

  /// Tells what mounts show.
  ///
  /// - Returns: nil when the root is not there.
  func reader(_ table: MountTable) throws(RPCError) -> Reader? {
    guard let path = realPath(root) else { return nil }
    guard let place = try orRPCError({ () throws(PathError) in try Place.look(at: path) }),
      let mount = table.entry(id: place.mount)
    else { return nil }
    let below = mount.mountPoint == "/" ? path : String(path.dropFirst(mount.mountPoint.count))
    return Reader(tree: (mount.root == "/" ? "" : mount.root) + below, device: mount.device)
  }

  struct Reader: Sendable {
    let tree: String
    let device: String

    func volume(_ entry: MountEntry) -> PublishedVolume? { PublishedVolume(entry, tree: tree, device: device) }
  }
}
