import CLinux
import GRPCCore
import Glibc
import Support

/// The path where kubelet wants to find a volume: a directory that the driver makes, mounts on and removes.
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

  /// What is there, nil for nothing.
  ///
  /// - Throws: `RPCError` for anything but a directory.
  func look() throws(RPCError) -> Place? {
    let place = try place()
    guard let place, !place.isDirectory else { return place }
    throw RPCError(
      code: .failedPrecondition, message: "\(path) is \(place.isLink ? "a symbolic link" : "a file") and no directory")
  }

  private func place() throws(RPCError) -> Place? {
    try orRPCError { () throws(PathError) in try Place.look(at: path) }
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
  func unmount(_ log: Log) throws(RPCError) -> Int {
    var count = 0
    while let place = try place(), place.isMountRoot {
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

  /// Removes what is here: an empty directory, or a file or link that somebody has put in its place.
  ///
  /// - Throws: `RPCError`, also for a directory that is not empty.
  func remove() throws(RPCError) {
    guard let place = try place() else { return }
    guard (place.isDirectory ? rmdir(path) : unlink(path)) != 0, errno != ENOENT else { return }
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

/// Runs what works on paths.
func orRPCError<Output>(_ body: () throws(PathError) -> Output) throws(RPCError) -> Output {
  do throws(PathError) { return try body() } catch { throw error.rpcError }
}
