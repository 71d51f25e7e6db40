import CLinux
import Documents
import GRPCCore
import Glibc
import Support

/// The documents by which a store that starts finds its volumes.
extension VolumeTree {
  /// The directory of all documents of a store, beside those of its volumes.
  static let documents = "~documents"
  /// The document in the directory of a volume, as stores of former releases have it.
  static let formerDocument = "volume.json"

  /// What a document says, as far as the driver cares.
  struct Document: Equatable, Sendable {
    /// Whether the volume goes with the pod that uses it.
    let isEphemeral: Bool
  }

  /// The document of a volume, nil when there is none that can be read.
  func document(_ cluster: ClusterName, _ leaf: String) -> Document? {
    guard let volumes = try? volumes(of: cluster) else { return nil }
    let path = Self.documentPath(leaf, in: volumes)
    // A store writes far less.
    let bytes = try? ContainedFile.read(path, in: volumes.file, limit: 1 << 18)
    guard let bytes, let value = try? Value(json: bytes) else { return nil }
    return Document(isEphemeral: value["ephemeral"]?.bool ?? false)
  }

  /// Deletes the document of a volume whose store does not run, with which the volume is gone for good.
  ///
  /// - Returns: false when a store may run: it holds a lock on the directory of its volumes.
  /// - Throws: `RPCError`.
  func forget(_ cluster: ClusterName, _ leaf: String) throws(RPCError) -> Bool {
    do throws(PathError) {
      let volumes = try volumes(of: cluster)
      let lock = try volumes.readable()
      defer { close(lock) }
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { return false }
      try remove(Self.documentPath(leaf, in: volumes), in: volumes)
      return true
    } catch {
      if error.code == ENOENT { return true }
      throw error.rpcError
    }
  }

  private func volumes(of cluster: ClusterName) throws(PathError) -> OpenDirectory {
    try OpenDirectory.resolving(root).descendant([cluster.namespace, cluster.name, Self.volumes])
  }

  /// Where a store keeps a document: not where pods may write, unless it is of a former release.
  private static func documentPath(_ leaf: String, in volumes: OpenDirectory) -> String {
    let isCurrent = (try? Place.look(at: documents, in: volumes.file)) ?? nil
    return isCurrent == nil ? "\(leaf)/\(formerDocument)" : "\(documents)/\(leaf).json"
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
