import Documents
import GRPCCore
import Glibc

/// The documents by which a store that starts finds its volumes.
extension VolumeTree {
  static let document = "volume.json"

  /// What a document says, as far as the driver cares.
  struct Document: Equatable, Sendable {
    /// Whether the volume goes with the pod that uses it.
    let isEphemeral: Bool
  }

  /// The document of a volume, nil when there is none that can be read.
  func document(_ cluster: ClusterName, _ leaf: String) -> Document? {
    guard let directory = try? directory(cluster, leaf) else { return nil }
    let file = openat(directory.file, Self.document, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    // A store writes far less.
    var bytes = [UInt8](repeating: 0, count: 1 << 18)
    let count = read(file, &bytes, bytes.count)
    guard count > 0, let value = try? Value(json: Array(bytes[..<count])) else { return nil }
    return Document(isEphemeral: value["ephemeral"]?.bool ?? false)
  }

  /// Deletes the document of a volume whose store does not run, with which the volume is gone for good.
  ///
  /// - Returns: false when a store may run: it holds a lock on the directory of its volumes.
  /// - Throws: `RPCError`.
  func forget(_ cluster: ClusterName, _ leaf: String) throws(RPCError) -> Bool {
    let directory: OpenDirectory
    do throws(PathError) { directory = try self.directory(cluster, leaf) } catch {
      if error.code == ENOENT { return true }
      throw error.rpcError
    }
    let volumes = openat(directory.file, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard volumes >= 0 else {
      throw PathError(attempt: "cannot open", path: "\(directory.path)/..", code: errno).rpcError
    }
    defer { close(volumes) }
    guard flock(volumes, LOCK_EX | LOCK_NB) == 0 else { return false }
    guard unlinkat(directory.file, Self.document, 0) != 0, errno != ENOENT else { return true }
    throw PathError(attempt: "cannot delete", path: "\(directory.path)/\(Self.document)", code: errno).rpcError
  }
}
