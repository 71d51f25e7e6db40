import CLinux
import GRPCCore
import Glibc
import Logging
import StoreClient
import Support

/// Path where the kubelet wants to find a volume: a directory that the driver makes, mounts on and removes.
struct MountTarget: Hashable, Sendable {
  let path: String

  /// - Throws: `RPCError` with code `invalidArgument` for a path that leads anywhere else than it says.
  init(_ text: String, field: String) throws(RPCError) {
    func invalid(_ reason: String) -> RPCError {
      RPCError(code: .invalidArgument, message: "\(field) '\(text.prefix(160))' \(reason)")
    }
    guard !text.isEmpty else { throw RPCError(code: .invalidArgument, message: "\(field) is missing") }
    guard text.hasPrefix("/") else { throw invalid("is not absolute") }
    guard text.utf8.count < PATH_MAX, !text.utf8.contains(0) else { throw invalid("is no path") }
    let parts = text.split(separator: "/")
    guard !parts.isEmpty else { throw invalid("is the root directory") }
    guard !parts.contains(".."), !parts.contains(".") else { throw invalid("has a part '.' or '..'") }
    path = "/" + parts.joined(separator: "/")
  }

  /// The status of the directory, nil when there is nothing.
  ///
  /// - Throws: `RPCError` for anything but a directory.
  func status() throws(RPCError) -> FileStatus? {
    let status = try anyStatus()
    guard let status, !status.isDirectory else { return status }
    throw RPCError(
      code: .failedPrecondition, message: "\(path) is \(status.isLink ? "a symbolic link" : "a file") and no directory")
  }

  private func anyStatus() throws(RPCError) -> FileStatus? {
    try orRPCError { () throws(PathError) in try FileStatus.read(path) }
  }

  /// Makes the directory; its parent is kubelet's.
  ///
  /// - Throws: `RPCError`.
  func make() throws(RPCError) {
    guard mkdir(path, 0o750) != 0, errno != EEXIST else { return }
    throw PathError(attempt: "cannot make", path: path, code: errno).rpcError
  }

  /// Mounts a directory here, for reading only as far as its names are concerned: clients connect to its sockets.
  ///
  /// - Throws: `RPCError`.
  func mount(_ source: OpenDirectory) throws(RPCError) {
    let directory = try orRPCError { () throws(PathError) in try OpenDirectory(path) }
    var code = clinux_bind(source.file, directory.file)
    if code == -ENOSYS { code = clinux_bind_in_steps(source.shortPath, path) }
    if code != 0 { throw PathError(attempt: "cannot mount \(source.path) on", path: path, code: -code).rpcError }
  }

  /// Takes off every mount that is here.
  ///
  /// - Returns: how many there were.
  /// - Throws: `RPCError`.
  @discardableResult
  func unmount(_ log: Logger) throws(RPCError) -> Int {
    var count = 0
    while let status = try anyStatus(), status.isMountRoot {
      var code = clinux_unmount(path, 0)
      if code == -EBUSY {
        log.warning("\(path) is in use: its mount is detached, and gone when the last user is")
        code = clinux_unmount(path, 1)
      }
      guard code == 0 else { throw PathError(attempt: "cannot unmount", path: path, code: -code).rpcError }
      count += 1
    }
    return count
  }

  /// Removes the target: an empty directory, or a file or link that somebody has put in its place.
  ///
  /// - Throws: `RPCError`, also for a directory that is not empty.
  func remove() throws(RPCError) {
    guard let status = try anyStatus() else { return }
    guard (status.isDirectory ? rmdir(path) : unlink(path)) != 0, errno != ENOENT else { return }
    let error = PathError(attempt: "cannot remove", path: path, code: errno)
    guard error.code == ENOTEMPTY else { throw error.rpcError }
    throw RPCError(
      code: .failedPrecondition,
      message: "\(error.message) (hint: what is in there is not the volume's and never deleted; move it away)")
  }

  /// The path as the table of mounts has it.
  var kernelPath: String? {
    guard let slash = path.lastIndex(of: "/"), let parent = realPath(String(path[..<slash]) + "/") else { return nil }
    return parent == "/" ? String(path[slash...]) : parent + path[slash...]
  }
}

/// The path without links, nil when it leads nowhere (realpath(3)).
func realPath(_ path: String) -> String? {
  guard let text = realpath(path, nil) else { return nil }
  defer { free(text) }
  return String(cString: text)
}

/// Runs work on paths, and throws its failure as callers of the driver get it.
func orRPCError<Output>(_ body: () throws(PathError) -> Output) throws(RPCError) -> Output {
  do throws(PathError) { return try body() } catch { throw error.rpcError }
}

/// Status of the file that a path leads to, links not followed (statx(2)).
struct FileStatus: Equatable, Sendable {
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

  /// Reads the status of the file at a path.
  ///
  /// - Parameter directory: an open directory where the path begins; an empty path means that directory.
  /// - Returns: nil when there is nothing.
  /// - Throws: `PathError`; on kernels before Linux 5.8, which don't tell where mounts begin, always.
  static func read(_ path: String, in directory: CInt = AT_FDCWD) throws(PathError) -> FileStatus? {
    var status = clinux_file_status()
    let code = clinux_statx(directory, path, &status)
    if code == -ENOENT || code == -ENOTDIR { return nil }
    guard code == 0, status.mount_root >= 0, status.mount > 0 else {
      throw PathError(attempt: "cannot look at", path: path, code: code == 0 ? ENOSYS : -code)
    }
    return FileStatus(
      identity: Identity(device: status.device, inode: status.inode), mount: status.mount,
      isMountRoot: status.mount_root == 1, mode: status.mode)
  }
}

/// A directory, held by a descriptor, so that it stays the same whatever happens to its names.
final class OpenDirectory: Sendable {
  let file: CInt
  /// The path by which it was reached, for messages.
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
  func status() throws(PathError) -> FileStatus {
    guard let status = try FileStatus.read("", in: file) else {
      throw PathError(attempt: "cannot look at", path: path, code: ENOENT)
    }
    return status
  }
}

/// A socket in the file tree, held by a descriptor: who connects to it reaches it, whatever its name leads to meanwhile.
final class OpenSocket: Sendable {
  private let file: CInt

  fileprivate init(file: CInt) { self.file = file }

  deinit { close(file) }

  /// Connects to the socket.
  ///
  /// - Throws: `ProgramError` when nobody accepts there.
  func connect(timeout: TimeSpan) throws(ProgramError) -> StoreClient {
    // The path leads here only as long as this lives.
    defer { withExtendedLifetime(self) {} }
    return try StoreClient(path: "/proc/self/fd/\(file)", timeout: timeout)
  }

  fileprivate var isSocket: Bool {
    var status = stat()
    return fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }
}

/// A system call on a path that failed.
struct PathError: Error {
  /// The attempt, such as `cannot open`.
  let attempt: String
  let path: String
  /// A value of errno.
  let code: CInt

  var message: String { "\(attempt) \(path): \(errorText(code))" }

  /// The failure as callers of the driver get it.
  var rpcError: RPCError { RPCError(code: .internalError, message: message) }
}
