import CLinux
import Glibc
import Support

/// The address of a Unix socket in the file tree.
///
/// Paths that are too long for an address (unix(7): 107 bytes) are reached through a descriptor of their directory,
/// so an address is good for as long as this value lives.
final class UnixAddress {
  private var address = sockaddr_un()
  private let directory: CInt

  /// - Throws: `CommandError` when the directory of a long path cannot be opened, or the last part is too long.
  init(_ path: String) throws(CommandError) {
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count > Self.capacity else {
      directory = -1
      set(path)
      return
    }
    guard let slash = path.lastIndex(of: "/") else { throw Self.tooLong(path) }
    let parent = path[..<slash]
    directory = open(parent.isEmpty ? "/" : String(parent), CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
    if directory < 0 { throw CommandError.system("cannot connect to \(path)", errno: errno) }
    let short = "/proc/self/fd/\(directory)\(path[slash...])"
    // The descriptor is this object's by now, and closed with it.
    guard short.utf8.count <= Self.capacity else { throw Self.tooLong(path) }
    set(short)
  }

  deinit { if directory >= 0 { close(directory) } }

  /// Connects a socket; returns 0 or -1 with `errno`, as connect(2) does.
  func connect(_ file: CInt) -> CInt {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// Bytes of a path that fit, besides the zero at the end.
  private static let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  private func set(_ path: String) {
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  }

  private static func tooLong(_ path: String) -> CommandError {
    CommandError(.usage, "the name of the socket is too long: \(path)")
  }
}
