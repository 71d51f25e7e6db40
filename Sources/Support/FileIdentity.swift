import CLinux

/// A file, whatever its names are.
public struct FileIdentity: Hashable, Sendable {
  public let device: UInt64
  public let inode: UInt64

  /// The file at a path below an open directory, a symbolic link itself; nil when there is none.
  ///
  /// - Parameter path: one name, or empty for the directory itself.
  public init?(of path: String, in directory: CInt) {
    var status = clinux_file_status()
    guard clinux_statx(directory, path, &status) == 0 else { return nil }
    device = status.device
    inode = status.inode
  }
}
