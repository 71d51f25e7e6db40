import CLinux

/// A file, whatever its names are.
public struct FileIdentity: Hashable, Sendable {
  public let device: UInt64
  public let inode: UInt64

  /// The file at a path below an open directory, a symbolic link itself; nil when there is none.
  ///
  /// - Parameter path: one name, or empty for the directory itself.
  public init?(of path: String, in directory: CInt) {
    var place = clinux_place()
    guard clinux_look(directory, path, &place) == 0 else { return nil }
    device = place.device
    inode = place.inode
  }
}
