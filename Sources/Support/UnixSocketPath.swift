import Glibc

/// What has to be done to a path before a Unix socket can be bound there.
public enum UnixSocketPath {
  /// The address of a path.
  ///
  /// - Throws: `CommandError` when it is longer than the system allows: 107 bytes, see unix(7).
  public static func address(_ path: String, hint: String) throws(CommandError) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < capacity else {
      throw CommandError(
        .failed, "the socket path is \(path.utf8.count) bytes long, the system allows \(capacity - 1): \(path)",
        hint: hint)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return address
  }

  /// Makes the directories of a socket path and removes a socket nobody accepts on.
  ///
  /// - Throws: `CommandError` when somebody does, or when something else is there.
  public static func makeWay(for path: String, hint: String) throws(CommandError) {
    try makeParents(of: path)
    try removeStaleSocket(path, hint: hint)
  }

  private static func makeParents(of path: String) throws(CommandError) {
    var position = path.startIndex
    while let slash = path[position...].dropFirst().firstIndex(of: "/") {
      let parent = String(path[..<slash])
      if mkdir(parent, 0o755) != 0, errno != EEXIST {
        throw CommandError.system("cannot make the directory \(parent)", errno: errno)
      }
      position = slash
    }
  }

  private static func removeStaleSocket(_ path: String, hint: String) throws(CommandError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw CommandError(.failed, "\(path) exists and is not a socket", hint: hint)
    }
    var address = try address(path, hint: hint)
    let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(probe) }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    // EAGAIN: somebody listens, but the queue of new clients is full.
    if connected == 0 || errno == EAGAIN {
      throw CommandError(
        .failed, "\(path) is in use: another process answers there", hint: "stop it, or \(hint)")
    }
    if errno == ECONNREFUSED { unlink(path) }
  }
}
