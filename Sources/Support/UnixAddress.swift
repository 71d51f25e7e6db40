import CLinux
import Glibc

/// The address of a Unix socket, also for a path longer than the 107 bytes that fit in one (unix(7)).
///
/// Such a path is reached through a descriptor of its directory, which lives as long as the address.
public final class UnixAddress {
  /// Bytes of a path that fit in an address.
  public static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  private var address = sockaddr_un()
  private var directory: CInt = -1

  /// - Throws: `ProgramError` when the directory of a long path cannot be opened, or the last part is too long.
  public init(_ path: String) throws(ProgramError) {
    var text = path
    if path.utf8.count > Self.longestPath, let slash = path.lastIndex(of: "/") {
      let parent = slash == path.startIndex ? "/" : String(path[..<slash])
      directory = open(parent, CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
      guard directory >= 0 else { throw ProgramError.system("cannot reach \(path)", errno: errno) }
      text = "/proc/self/fd/\(directory)\(path[slash...])"
    }
    guard text.utf8.count <= Self.longestPath else {
      throw ProgramError(.usage, "the name of the socket is too long: \(path)")
    }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text.utf8) }
  }

  deinit { if directory >= 0 { close(directory) } }

  /// Calls bind(2); the socket in the file tree has a mode from the beginning on, whatever the umask is.
  ///
  /// The umask itself stays as it is: other threads may be making files at the same time.
  ///
  /// - Returns: 0, or the error number.
  public func bind(_ file: CInt, mode: mode_t) -> CInt {
    // Linux takes the mode of the socket itself, less the umask, for its name in the file tree.
    guard fchmod(file, mode) == 0 else { return errno }
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 ? 0 : errno
      }
    }
    guard code == 0 else { return code }
    let path = withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    guard fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) != 0 else { return 0 }
    defer { unlink(path) }
    return errno
  }

  /// Calls connect(2).
  ///
  /// - Returns: 0, or the error number.
  public func connect(_ file: CInt) -> CInt {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 ? 0 : errno
      }
    }
  }
}
