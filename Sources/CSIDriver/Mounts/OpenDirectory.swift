import CLinux
import Glibc
import StoreClient
import Support

/// A directory, held by a descriptor, so that it stays the same whatever happens to its names.
final class OpenDirectory: Sendable {
  let file: CInt
  /// How it was reached, for messages.
  let path: String

  private init(file: CInt, path: String) {
    self.file = file
    self.path = path
  }

  deinit { close(file) }

  /// Opens a directory by its path, whose last part must not be a link.
  ///
  /// - Throws: `PathError`.
  convenience init(_ path: String) throws(PathError) {
    let file = open(path, CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if file < 0 { throw PathError(attempt: "cannot open", path: path, code: errno) }
    self.init(file: file, path: path)
  }

  /// Opens a directory by its path, in which links are followed: that of an administrator.
  ///
  /// - Throws: `PathError`.
  static func resolving(_ path: String) throws(PathError) -> OpenDirectory {
    guard let real = realPath(path) else { throw PathError(attempt: "cannot open", path: path, code: errno) }
    return try OpenDirectory(real)
  }

  /// Opens a directory below this one, none of the names being a link.
  ///
  /// - Throws: `PathError`.
  func descendant(_ names: [String]) throws(PathError) -> OpenDirectory {
    let path = "\(self.path)/\(names.joined(separator: "/"))"
    return OpenDirectory(file: try file(names, O_DIRECTORY), path: path)
  }

  /// Opens a socket below this one, none of the names being a link.
  ///
  /// - Throws: `PathError`, with ENOTSOCK for anything else.
  func socket(_ names: [String]) throws(PathError) -> OpenSocket {
    let path = "\(self.path)/\(names.joined(separator: "/"))"
    let socket = OpenSocket(file: try file(names, 0))
    guard socket.isSocket else { throw PathError(attempt: "cannot connect to", path: path, code: ENOTSOCK) }
    return socket
  }

  /// A descriptor of its own through which this can be listed and locked; the caller closes it.
  ///
  /// - Throws: `PathError`.
  func readable() throws(PathError) -> CInt {
    let file = clinux_open_beneath(file, ".", O_RDONLY | O_DIRECTORY)
    if file < 0 { throw PathError(attempt: "cannot open", path: path, code: -file) }
    return file
  }

  private func file(_ names: [String], _ flags: CInt) throws(PathError) -> CInt {
    let name = names.joined(separator: "/")
    let file = clinux_open_beneath(file, name, CLINUX_O_PATH | flags)
    if file < 0 { throw PathError(attempt: "cannot open", path: "\(path)/\(name)", code: -file) }
    return file
  }

  /// A short path that leads here, as long as this lives.
  var shortPath: String { "/proc/self/fd/\(file)" }

  /// - Throws: `PathError`.
  func look() throws(PathError) -> Place {
    guard let place = try Place.look(at: "", in: file) else {
      throw PathError(attempt: "cannot look at", path: path, code: ENOENT)
    }
    return place
  }
}

/// A socket in the file tree, held by a descriptor: who connects to it reaches it, whatever its name leads to meanwhile.
final class OpenSocket: Sendable {
  private let file: CInt

  fileprivate init(file: CInt) { self.file = file }

  deinit { close(file) }

  /// Connects to the socket.
  ///
  /// - Throws: `CommandError` when nobody accepts there.
  func connect(timeout: TimeSpan) throws(CommandError) -> StoreClient {
    // The path leads here only as long as this lives.
    defer { withExtendedLifetime(self) {} }
    return try StoreClient(path: "/proc/self/fd/\(file)", timeout: timeout)
  }

  fileprivate var isSocket: Bool {
    var status = stat()
    return fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }
}
