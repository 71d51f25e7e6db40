import Glibc
import SharedMemory

@testable import StoreServer

/// The descriptors of this process that belong to one server: its ends of sockets, and every reference to its arena.
///
/// Other tests of the process do not disturb the count.
struct ServerDescriptors: Equatable {
  var sockets = 0
  var arenas = 0

  init(of server: RunningServer) throws {
    let arena = try server.onLoop { FileIdentity(file: $0.arena.fileDescriptor) }
    for name in fileNames(in: "/proc/self/fd") {
      guard let file = CInt(name) else { continue }
      if FileIdentity(file: file) == arena { arenas += 1 }
      if Self.isEnd(file, of: server) { sockets += 1 }
    }
  }

  /// Whether a descriptor is a socket bound to an address of the server; accepted ones keep the listener's.
  private static func isEnd(_ file: CInt, of server: RunningServer) -> Bool {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &length) }
    }
    guard code == 0 else { return false }
    return withUnsafeBytes(of: storage) { bytes in
      switch CInt(bytes.load(as: sa_family_t.self)) {
      case AF_INET: return UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)) == server.rpcPort
      case AF_UNIX:
        let path = bytes[2..<Int(length)].prefix { $0 != 0 }
        return String(decoding: path, as: UTF8.self).hasPrefix(server.socketPath)
      default: return false
      }
    }
  }
}

/// What tells one file from another.
struct FileIdentity: Equatable, Sendable {
  private let device: dev_t
  private let inode: ino_t

  /// Nil when the descriptor is not open.
  init?(file: CInt) {
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    device = status.st_dev
    inode = status.st_ino
  }
}
