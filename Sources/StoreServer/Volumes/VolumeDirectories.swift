import Glibc
import Logging
import StoreProtocol
import Support

/// The directories of volumes and the documents by which they are opened again. Nobody else uses them while this lives.
///
/// A pod gets the directory of a volume mounted; the document is elsewhere, out of the pod's reach. A volume with a
/// document is whole; a directory without one is left of an interrupted opening or deletion.
///
/// Only the disk worker uses them, and before it the start of the store.
final class VolumeDirectories: Sendable {
  /// A socket is made under this name, which no volume can have, where no client has access.
  private static let newSocketName = "~socket"

  let layout: VolumeLayout
  let documents: VolumeDocuments
  private let root: CInt

  /// Makes the directory of all volumes where there is none.
  ///
  /// - Throws: `ProgramError` when it cannot be made, or another store uses it.
  init(_ layout: VolumeLayout, log: Logger) throws(ProgramError) {
    self.layout = layout
    let path = layout.directory
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw ProgramError.system("cannot make \(path)", errno: errno) }
    let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard root >= 0 else { throw ProgramError.system("cannot open \(path)", errno: errno) }
    do throws(ProgramError) {
      guard flock(root, LOCK_EX | LOCK_NB) == 0 else {
        throw ProgramError.system(
          "cannot use \(path)", errno: errno, hint: "each store needs a directory of its own for --socket")
      }
      fchmod(root, 0o700)
      documents = try VolumeDocuments(in: root, path: path, volumes: Self.ids(in: root), log: log)
    } catch {
      close(root)
      throw error
    }
    self.root = root
  }

  deinit { close(root) }

  /// Whether there is anything to open for a store with this layout.
  static func exist(_ layout: VolumeLayout) -> Bool { access(layout.directory, F_OK) == 0 }

  // MARK: - One volume

  /// Makes the directories of a volume; those that are there are used again.
  func make(_ id: String) throws(ProgramError) {
    if mkdirat(root, id, 0o755) != 0, errno != EEXIST {
      throw ProgramError.system("cannot make \(layout.directory(of: id))", errno: errno)
    }
    try directory(of: id).prepare()
  }

  private func directory(of id: String) throws(ProgramError) -> VolumeDirectory {
    let path = layout.directory(of: id)
    guard let directory = try VolumeDirectory(id, in: root, path: path) else {
      throw ProgramError.system("cannot open \(path)", errno: ENOENT)
    }
    return directory
  }

  /// Makes a socket of a volume, which listens before anybody can see it.
  ///
  /// It is made where no client has access and then moved: bind(2) would follow a link in the volume's directory.
  func listen(on id: String, isReadOnly: Bool) throws(ProgramError) -> VolumeSocket {
    let directory = try directory(of: id)
    unlinkat(root, Self.newSocketName, 0)
    let file = try Listener.bound(
      try UnixAddress("\(layout.directory)/\(Self.newSocketName)"), layout.socketPath(of: id, isReadOnly: isReadOnly),
      mode: 0o666)
    do throws(ProgramError) {
      guard Glibc.listen(file, SOMAXCONN) == 0, let identity = FileIdentity(of: Self.newSocketName, in: root) else {
        throw ProgramError.system("cannot listen", errno: errno)
      }
      try directory.adopt(Self.newSocketName, from: root, isReadOnly: isReadOnly)
      return VolumeSocket(file: file, identity: identity, isReadOnly: isReadOnly)
    } catch {
      close(file)
      unlinkat(root, Self.newSocketName, 0)
      throw error
    }
  }

  /// The file that has the name of a volume's socket now; nil for none.
  func socket(of id: String, isReadOnly: Bool) -> FileIdentity? {
    (try? directory(of: id))?.socket(isReadOnly: isReadOnly)
  }

  /// Removes the directory of a volume without a document; nil when nothing is left, else why not.
  func removeRemains(of id: String) -> ProgramError? {
    (try? directory(of: id))?.clear()
    if unlinkat(root, id, AT_REMOVEDIR) == 0 || errno == ENOENT { return nil }
    return ProgramError.system("cannot remove \(layout.directory(of: id))", errno: errno)
  }

  // MARK: - All volumes

  /// The names that can be ids of volumes, in ascending order.
  func ids() -> [String] { Self.ids(in: root) }

  private static func ids(in root: CInt) -> [String] {
    VolumeDocuments.names(in: root).filter(VolumeSettings.isValid)
  }

  /// Writes a file beside the volumes, under a name that no volume can have.
  func replace(_ name: String, by bytes: [UInt8], through new: String) throws(ProgramError) {
    try VolumeDocuments.replace(name, by: bytes, through: new, in: root, path: layout.directory)
  }

  func removeFile(_ name: String) { unlinkat(root, name, 0) }

  /// The bytes of a file, nil when there is none.
  func contents(of name: String) throws(ProgramError) -> [UInt8]? {
    try ContainedFile.read(name, in: root, limit: VolumeDocuments.largest)
  }
}
