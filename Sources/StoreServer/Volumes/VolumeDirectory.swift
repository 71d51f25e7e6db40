import CLinux
import Glibc
import Support

/// The directory of one volume, held by a descriptor.
///
/// Pods may be able to write to it, so that anything in it may be a client's doing. Names in it are resolved below it,
/// no symbolic link is followed, and nothing in it is ever opened for its contents.
final class VolumeDirectory {
  /// Entries removed at one time, and how deep: a client decides how many there are.
  private static let removalLimit = 1000
  private static let removalDepth = 8
  private static let mode: mode_t = 0o755

  let path: String
  private let file: CInt

  /// Opens a volume's directory in the directory of all volumes.
  ///
  /// - Returns: nil when there is none.
  /// - Throws: `ProgramError` when something else has its name.
  init?(_ id: String, in volumes: CInt, path: String) throws(ProgramError) {
    let file = clinux_open_beneath(volumes, id, CLINUX_O_PATH | O_DIRECTORY)
    if file == -ENOENT { return nil }
    guard file >= 0 else { throw ProgramError.system("cannot open \(path)", errno: -file) }
    self.file = file
    self.path = path
  }

  deinit { close(file) }

  /// Restores the rights that let pods pass through, and makes the directory for readers.
  func prepare() throws(ProgramError) {
    fchmodat(file, ".", Self.mode, 0)
    // A link or a file in the way is a client's, and it may put another one there meanwhile.
    for _ in 0..<3 {
      if mkdirat(file, VolumeLayout.readOnlyName, Self.mode) != 0, errno != EEXIST { break }
      let readers = clinux_open_beneath(file, VolumeLayout.readOnlyName, CLINUX_O_PATH | O_DIRECTORY)
      if readers >= 0 {
        fchmodat(readers, ".", Self.mode, 0)
        close(readers)
        return
      }
      unlinkat(file, VolumeLayout.readOnlyName, 0)
    }
    throw ProgramError.system("cannot make \(path)/\(VolumeLayout.readOnlyName)", errno: errno)
  }

  // MARK: - Sockets

  /// Gives a listening socket its name here; a file with that name is replaced.
  ///
  /// - Parameters:
  ///   - name: of the socket in `source`, a directory to which no client has access.
  func adopt(_ name: String, from source: CInt, isReadOnly: Bool) throws(ProgramError) {
    let directory = try directory(isReadOnly)
    defer { close(directory) }
    if renameat(source, name, directory, VolumeLayout.socketName) == 0 { return }
    // Only a directory is not replaced.
    var budget = Self.removalLimit
    Self.remove(VolumeLayout.socketName, in: directory, budget: &budget, depth: 0)
    guard renameat(source, name, directory, VolumeLayout.socketName) != 0 else { return }
    throw ProgramError.system("cannot make the socket in \(path)", errno: errno)
  }

  /// The socket, or the file that has its name.
  func socket(isReadOnly: Bool) -> FileIdentity? {
    guard let directory = try? directory(isReadOnly) else { return nil }
    defer { close(directory) }
    return FileIdentity(of: VolumeLayout.socketName, in: directory)
  }

  private func directory(_ isReadOnly: Bool) throws(ProgramError) -> CInt {
    let name = isReadOnly ? VolumeLayout.readOnlyName : "."
    let directory = clinux_open_beneath(file, name, CLINUX_O_PATH | O_DIRECTORY)
    guard directory >= 0 else { throw ProgramError.system("cannot open \(path)/\(name)", errno: -directory) }
    return directory
  }

  // MARK: - Removing

  /// Removes files of the directory, as many as is reasonable at one time.
  func clear() {
    var budget = Self.removalLimit
    Self.clear(file, budget: &budget, depth: 0)
  }

  /// Removes one file.
  func remove(_ name: String) { unlinkat(file, name, 0) }

  private static func clear(_ parent: CInt, budget: inout Int, depth: Int) {
    let directory = clinux_open_beneath(parent, ".", O_RDONLY | O_DIRECTORY)
    guard directory >= 0 else { return }
    guard let stream = fdopendir(directory) else {
      close(directory)
      return
    }
    defer { closedir(stream) }
    while budget > 0, let entry = readdir(stream) {
      // A name is bytes: a client may choose some that are no text.
      let name = entry.pointer(to: \.d_name).map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
      guard let name, strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { continue }
      remove(name, in: directory, budget: &budget, depth: depth)
    }
  }

  private static func remove(_ name: UnsafePointer<CChar>, in parent: CInt, budget: inout Int, depth: Int) {
    budget -= 1
    guard unlinkat(parent, name, 0) != 0, errno == EISDIR, depth < removalDepth else { return }
    let directory = clinux_open_beneath(parent, name, CLINUX_O_PATH | O_DIRECTORY)
    if directory >= 0 {
      clear(directory, budget: &budget, depth: depth + 1)
      close(directory)
    }
    unlinkat(parent, name, AT_REMOVEDIR)
  }
}

/// Paths of the sockets and documents of volumes, beside the main socket.
struct VolumeLayout {
  static let socketName = "vineyard.sock"
  static let readOnlyName = "read-only"

  /// The directory of the main socket.
  let base: String

  /// - Parameter mainSocket: path of the IPC socket of the root session.
  init(mainSocket: String) {
    guard let slash = mainSocket.lastIndex(of: "/") else {
      base = "."
      return
    }
    base = slash == mainSocket.startIndex ? "/" : String(mainSocket[..<slash])
  }

  /// The directory of all volumes.
  var directory: String { "\(base)/volumes" }

  func directory(of id: String) -> String { "\(directory)/\(id)" }

  func socketPath(of id: String, isReadOnly: Bool) -> String {
    isReadOnly
      ? "\(directory(of: id))/\(Self.readOnlyName)/\(Self.socketName)" : "\(directory(of: id))/\(Self.socketName)"
  }
}
