import Glibc
import StoreCore
import Support

/// The directories of volumes on disk. Nobody else uses them while this lives.
///
/// A directory with a document is a volume; one without is what an interrupted opening or deletion has left.
final class VolumeDirectories {
  /// Only what the store itself wrote is this short; see ``VolumeDocument``.
  private static let largestDocument = 1 << 20
  private static let newDocumentName = ".volume.json.new"

  let layout: VolumeLayout
  private let root: CInt

  /// Makes the directory of all volumes where there is none.
  ///
  /// - Throws: `CommandError` when it cannot be made, or another store uses it.
  init(_ layout: VolumeLayout) throws(CommandError) {
    self.layout = layout
    let path = layout.directory
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw CommandError.system("cannot make \(path)", errno: errno) }
    let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard root >= 0 else { throw CommandError.system("cannot open \(path)", errno: errno) }
    guard flock(root, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(root)
      throw CommandError.system(
        "cannot use \(path)", errno: code, hint: "each store needs a directory of its own for --socket")
    }
    fchmod(root, 0o700)
    self.root = root
  }

  deinit { close(root) }

  /// Whether there is anything to open for a store with this layout.
  static func exist(_ layout: VolumeLayout) -> Bool { access(layout.directory, F_OK) == 0 }

  // MARK: - One volume

  /// Makes the directories of a volume; those that are there are used again.
  func make(_ id: String) throws(CommandError) {
    try makeDirectory(id)
    try makeDirectory("\(id)/\(VolumeLayout.readOnlyName)")
  }

  private func makeDirectory(_ name: String) throws(CommandError) {
    let path = "\(layout.directory)/\(name)"
    if mkdirat(root, name, 0o755) != 0, errno != EEXIST {
      throw CommandError.system("cannot make \(path)", errno: errno)
    }
    let directory = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else { throw CommandError.system("cannot open \(path)", errno: errno) }
    // The umask may have taken the right to pass through from the pods.
    fchmod(directory, 0o755)
    close(directory)
  }

  /// Writes a volume's document; after a crash the old or the new one is there, whole.
  ///
  /// - Parameter isFirst: whether it makes the volume, which is to outlive a power failure from now on.
  func save(_ document: [UInt8], of id: String, isFirst: Bool = false) throws(CommandError) {
    try replace("\(id)/\(VolumeLayout.documentName)", by: document, through: "\(id)/\(Self.newDocumentName)")
    guard isFirst else { return }
    synchronize(id)
    synchronize(".")
  }

  /// Writes a file under another name first, so that it is there whole or as before.
  func replace(_ name: String, by document: [UInt8], through new: String) throws(CommandError) {
    let path = "\(layout.directory)/\(name)"
    let file = openat(root, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw CommandError.system("cannot write \(path)", errno: errno) }
    let isWritten = Self.write(document, to: file) && fsync(file) == 0
    let code = errno
    close(file)
    guard isWritten, renameat(root, new, root, name) == 0 else {
      let error = CommandError.system("cannot write \(path)", errno: isWritten ? errno : code)
      unlinkat(root, new, 0)
      throw error
    }
  }

  private static func write(_ bytes: [UInt8], to file: CInt) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Makes the names in a directory survive a power failure.
  private func synchronize(_ name: String) {
    let directory = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
  }

  /// Removes a new document that never took the place of the old one.
  func removeUnfinishedDocument(of id: String) { removeFile("\(id)/\(Self.newDocumentName)") }

  /// Removes a file, if there is one.
  func removeFile(_ name: String) { unlinkat(root, name, 0) }

  /// Takes a volume's document away, with which it is deleted for good.
  func removeDocument(of id: String) throws(CommandError) {
    guard unlinkat(root, "\(id)/\(VolumeLayout.documentName)", 0) != 0, errno != ENOENT else { return }
    throw CommandError.system(
      "cannot delete \(layout.directory(of: id))/\(VolumeLayout.documentName)", errno: errno)
  }

  /// Removes what is left of a volume without a document; nil when nothing is left, else why not.
  func removeRemains(of id: String) -> CommandError? {
    for name in [
      "\(id)/\(Self.newDocumentName)", "\(id)/\(VolumeLayout.socketName)",
      "\(id)/\(VolumeLayout.readOnlyName)/\(VolumeLayout.socketName)",
    ] { unlinkat(root, name, 0) }
    unlinkat(root, "\(id)/\(VolumeLayout.readOnlyName)", AT_REMOVEDIR)
    if unlinkat(root, id, AT_REMOVEDIR) == 0 || errno == ENOENT { return nil }
    return CommandError.system("cannot remove \(layout.directory(of: id))", errno: errno)
  }

  // MARK: - All volumes

  /// The names that can be ids of volumes, in ascending order.
  func ids() -> [String] {
    let directory = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0, let stream = fdopendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if Volume.isValid(id: name) { names.append(name) }
    }
    return names.sorted()
  }

  func hasDocument(_ id: String) -> Bool { faccessat(root, "\(id)/\(VolumeLayout.documentName)", F_OK, 0) == 0 }

  /// A volume's document, nil when there is none.
  func document(of id: String) throws(CommandError) -> [UInt8]? {
    try contents(of: "\(id)/\(VolumeLayout.documentName)")
  }

  /// The bytes of a file, nil when there is none.
  func contents(of name: String) throws(CommandError) -> [UInt8]? {
    let path = "\(layout.directory)/\(name)"
    let file = openat(root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    if file < 0, errno == ENOENT || errno == ENOTDIR { return nil }
    guard file >= 0 else { throw CommandError.system("cannot read \(path)", errno: errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while bytes.count <= Self.largestDocument {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw CommandError.system("cannot read \(path)", errno: errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
    throw CommandError(.failed, "\(path) is larger than a volume's document can be")
  }
}
