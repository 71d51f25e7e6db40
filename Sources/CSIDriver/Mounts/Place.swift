import CLinux
import Glibc

/// What a path leads to, links not followed.
struct Place: Equatable, Sendable {
  /// A file, whatever its names are.
  struct Identity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
  }

  let identity: Identity
  /// The mount it is in, by its number in the table of mounts.
  let mount: UInt64
  /// Whether a mount begins here.
  let isMountRoot: Bool
  private let mode: UInt32

  var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
  var isLink: Bool { mode & S_IFMT == S_IFLNK }
  var isSocket: Bool { mode & S_IFMT == S_IFSOCK }

  /// Looks at a path.
  ///
  /// - Parameter directory: an open directory where the path begins; an empty path means that directory.
  /// - Returns: nil when there is nothing.
  /// - Throws: `PathError`; on kernels before Linux 5.8, which don't tell where mounts begin, always.
  static func look(at path: String, in directory: CInt = AT_FDCWD) throws(PathError) -> Place? {
    var place = clinux_place()
    let code = clinux_look(directory, path, &place)
    if code == -ENOENT || code == -ENOTDIR { return nil }
    guard code == 0, place.mount_root >= 0, place.mount > 0 else {
      throw PathError(attempt: "cannot look at", path: path, code: code == 0 ? ENOSYS : -code)
    }
    return Place(
      identity: Identity(device: place.device, inode: place.inode), mount: place.mount,
      isMountRoot: place.mount_root == 1, mode: place.mode)
  }
}
