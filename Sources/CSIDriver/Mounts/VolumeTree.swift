import CLinux
import Documents
import GRPCCore
import Glibc
import Support

/// The directories of this node's volumes: `<root>/<namespace>/<cluster>/volumes/<name>`.
///
/// The original mounts the directory of a store into pods, writable. So what is in there may be anybody's doing, and no
/// link is followed below the root.
struct VolumeTree: Sendable {
  static let volumes = "volumes"
  /// Name of a volume's directory for readers, in its directory for everybody.
  static let readOnly = "read-only"
  static let socket = "vineyard.sock"

  let root: String

  /// The directory that is mounted for a volume.
  ///
  /// - Throws: `PathError`.
  func directory(_ cluster: ClusterName, _ name: String, isReadOnly: Bool = false) throws(PathError) -> OpenDirectory {
    let names = [cluster.namespace, cluster.name, Self.volumes, name]
    return try OpenDirectory.resolving(root).descendant(isReadOnly ? names + [Self.readOnly] : names)
  }

  /// Finds the volumes that mounts show.
  ///
  /// - Returns: nil when the root is not there.
  func reader(_ table: MountTable) throws(RPCError) -> Reader? {
    guard let path = realPath(root) else { return nil }
    guard let status = try orRPCError({ () throws(PathError) in try FileStatus.read(path) }),
      let mount = table.entry(id: status.mount)
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

// MARK: - Documents

/// The documents by which a store that starts finds its volumes.
extension VolumeTree {
  /// The directory of all documents of a store, beside those of its volumes.
  static let documents = "~documents"
  /// The document in the directory of a volume, as stores of former releases have it.
  static let formerDocument = "volume.json"

  /// A document, as far as the driver cares.
  struct Document: Equatable, Sendable {
    /// Whether the volume goes with the pod that uses it.
    let isEphemeral: Bool
  }

  /// The document of a volume, nil when there is none that can be read.
  func document(_ cluster: ClusterName, _ name: String) -> Document? {
    guard let volumes = try? volumes(of: cluster) else { return nil }
    let path = Self.documentPath(name, in: volumes)
    // A store writes far less.
    let bytes = try? ContainedFile.read(path, in: volumes.file, limit: 1 << 18)
    guard let bytes, let value = try? Value(json: bytes) else { return nil }
    return Document(isEphemeral: value["ephemeral"]?.bool ?? false)
  }

  /// Deletes the document of a volume whose store does not run, with which the volume is gone for good.
  ///
  /// - Returns: false when a store may run: it holds a lock on the directory of its volumes.
  /// - Throws: `RPCError`.
  func forget(_ cluster: ClusterName, _ name: String) throws(RPCError) -> Bool {
    do throws(PathError) {
      let volumes = try volumes(of: cluster)
      let lock = try volumes.readable()
      defer { close(lock) }
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return false }
      try remove(Self.documentPath(name, in: volumes), in: volumes)
      return true
    } catch {
      if error.code == ENOENT { return true }
      throw error.rpcError
    }
  }

  private func volumes(of cluster: ClusterName) throws(PathError) -> OpenDirectory {
    try OpenDirectory.resolving(root).descendant([cluster.namespace, cluster.name, Self.volumes])
  }

  /// The place where a store keeps a document: not where pods may write, unless it is of a former release.
  private static func documentPath(_ name: String, in volumes: OpenDirectory) -> String {
    let isCurrent = (try? FileStatus.read(documents, in: volumes.file)) ?? nil
    return isCurrent == nil ? "\(name)/\(formerDocument)" : "\(documents)/\(name).json"
  }

  /// Removes a file, links on the way not followed.
  private func remove(_ path: String, in volumes: OpenDirectory) throws(PathError) {
    let names = path.split(separator: "/").map(String.init)
    guard let name = names.last else { return }
    let directory = try volumes.descendant(names.dropLast())
    guard unlinkat(directory.file, name, 0) != 0, errno != ENOENT else { return }
    throw PathError(attempt: "cannot delete", path: "\(directory.path)/\(name)", code: errno)
  }
}
