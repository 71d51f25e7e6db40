import CLinux
import Glibc

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
    self.init(file: try Self.open(AT_FDCWD, path, path), path: path)
  }

  /// Opens a directory in this one, links not followed.
  ///
  /// - Throws: `PathError`.
  func directory(_ name: String) throws(PathError) -> OpenDirectory {
    let path = "\(self.path)/\(name)"
    return OpenDirectory(file: try Self.open(file, name, path), path: path)
  }

  /// Opens a directory below this one, none of the names being a link.
  ///
  /// - Throws: `PathError`.
  func descendant(_ names: [String]) throws(PathError) -> OpenDirectory {
    var directory = self
    for name in names { directory = try directory.directory(name) }
    return directory
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

  private static func open(_ parent: CInt, _ name: String, _ path: String) throws(PathError) -> CInt {
    let file = openat(parent, name, CLINUX_O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if file < 0 { throw PathError(attempt: "cannot open", path: path, code: errno) }
    return file
  }
}
