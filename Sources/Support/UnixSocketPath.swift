import Glibc

/// Preparation of a path before a Unix socket can be bound there.
public enum UnixSocketPath {
  /// The address of a path that others must be able to connect to by that path.
  ///
  /// - Parameter flag: the flag that chose the path, for the hint of an error.
  /// - Throws: `ProgramError` when it is longer than the system allows.
  public static func address(_ path: String, flag: String) throws(ProgramError) -> UnixAddress {
    try requireLength(of: path, flag)
    return try UnixAddress(path)
  }

  private static func requireLength(of path: String, _ flag: String) throws(ProgramError) {
    guard path.utf8.count <= UnixAddress.longestPath else {
      throw ProgramError(
        .usage,
        "the socket path is \(path.utf8.count) bytes long, the system allows \(UnixAddress.longestPath): \(path)",
        hint: "choose a shorter path with \(flag)")
    }
  }

  /// Makes the directories of a socket path and removes a socket nobody accepts on.
  ///
  /// - Throws: `ProgramError` when somebody does, when something else is there, or before anything is made when the path
  ///   is longer than the system allows.
  public static func removeStaleSocket(for path: String, flag: String) throws(ProgramError) {
    try requireLength(of: path, flag)
    try makeParents(of: path)
    try removeStaleSocket(path, flag)
  }

  private static func makeParents(of path: String) throws(ProgramError) {
    var position = path.startIndex
    while let slash = path[position...].dropFirst().firstIndex(of: "/") {
      let parent = String(path[..<slash])
      if mkdir(parent, 0o755) != 0, errno != EEXIST {
        throw ProgramError.system("cannot make the directory \(parent)", errno: errno)
      }
      position = slash
    }
  }

  private static func removeStaleSocket(_ path: String, _ flag: String) throws(ProgramError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw ProgramError(.failed, "\(path) exists and is not a socket", hint: "choose another path with \(flag)")
    }
    let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if probe < 0 { throw ProgramError.system("cannot create a socket", errno: errno) }
    defer { close(probe) }
    let code = try address(path, flag: flag).connect(probe)
    // EAGAIN: somebody listens, but the queue of new clients is full.
    if code == 0 || code == EAGAIN {
      throw ProgramError(
        .failed, "\(path) is in use: another daemon answers there",
        hint: "stop it, or choose another path with \(flag)")
    }
    if code == ECONNREFUSED { unlink(path) }
  }
}
