import CLinux
import Glibc
import Logging
import StoreProtocol
import Support

/// The documents of volumes, in a directory to which no pod has access.
final class VolumeDocuments: Sendable {
  static let largest = 1 << 20
  /// No volume can have these names.
  private static let directoryName = "~documents"
  private static let unfinishedName = "~documents.new"
  private static let suffix = ".json"

  private let path: String
  private let file: CInt

  /// Opens the directory of all documents, or makes it.
  ///
  /// Where there is none, a release may have run that kept documents in the directories of their volumes. Those are
  /// moved here, once: later files there are a client's.
  ///
  /// - Parameters:
  ///   - root: the directory of all volumes.
  ///   - volumes: the ids of those that have a directory.
  init(in root: CInt, path: String, volumes: [String], log: Logger) throws(ProgramError) {
    self.path = "\(path)/\(Self.directoryName)"
    if faccessat(root, Self.directoryName, F_OK, AT_SYMLINK_NOFOLLOW) != 0 {
      try Self.make(in: root, path: path, volumes: volumes, log: log)
    }
    file = clinux_open_beneath(root, Self.directoryName, O_RDONLY | O_DIRECTORY)
    guard file >= 0 else { throw ProgramError.system("cannot open \(self.path)", errno: -file) }
    for name in Self.names(in: file) where !name.hasSuffix(Self.suffix) { unlinkat(file, name, 0) }
  }

  deinit { if file >= 0 { close(file) } }

  // MARK: - One volume

  /// Writes a volume's document; after a crash the old or the new one is there, whole.
  ///
  /// - Parameter isFirst: whether it makes the volume, which is to outlive a power failure from now on.
  func save(_ document: [UInt8], of id: String, isFirst: Bool = false) throws(ProgramError) {
    try Self.replace(id + Self.suffix, by: document, through: "\(id).new", in: file, path: path)
    if isFirst { fsync(file) }
  }

  func exists(_ id: String) -> Bool { faccessat(file, id + Self.suffix, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }

  /// A volume's document, nil when there is none.
  func document(of id: String) throws(ProgramError) -> [UInt8]? {
    try ContainedFile.read(id + Self.suffix, in: file, limit: Self.largest)
  }

  /// Takes a volume's document away, with which it is deleted for good.
  func remove(_ id: String) throws(ProgramError) {
    guard unlinkat(file, id + Self.suffix, 0) != 0, errno != ENOENT else { return }
    throw ProgramError.system("cannot delete \(path)/\(id)\(Self.suffix)", errno: errno)
  }

  // MARK: - All

  /// The ids of volumes that have a document, in ascending order.
  func ids() -> [String] {
    Self.names(in: file).filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.utf8.count)) }
      .filter(VolumeSettings.isValid)
  }

  /// The names in a directory, in ascending order.
  static func names(in parent: CInt) -> [String] {
    let directory = clinux_open_beneath(parent, ".", O_RDONLY | O_DIRECTORY)
    guard directory >= 0 else { return [] }
    guard let stream = fdopendir(directory) else {
      close(directory)
      return []
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) { names.append(entry.name) }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  /// Writes a file under another name first, so that it is there whole or as before.
  ///
  /// - Parameter directory: one to which only the store has access.
  static func replace(
    _ name: String, by document: [UInt8], through new: String, in directory: CInt, path: String
  ) throws(ProgramError) {
    unlinkat(directory, new, 0)
    let file = openat(directory, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw ProgramError.system("cannot write \(path)/\(name)", errno: errno) }
    let isWritten = write(document, to: file) && fsync(file) == 0
    let code = errno
    close(file)
    guard isWritten, renameat(directory, new, directory, name) == 0 else {
      let error = ProgramError.system("cannot write \(path)/\(name)", errno: isWritten ? errno : code)
      unlinkat(directory, new, 0)
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
}

// MARK: - Documents of former releases

extension VolumeDocuments {
  private static let formerName = "volume.json"

  /// Makes the directory, with the former documents in it, in one step.
  private static func make(in root: CInt, path: String, volumes: [String], log: Logger) throws(ProgramError) {
    let unfinished = "\(path)/\(unfinishedName)"
    if mkdirat(root, unfinishedName, 0o700) != 0, errno != EEXIST {
      throw ProgramError.system("cannot make \(unfinished)", errno: errno)
    }
    let directory = clinux_open_beneath(root, unfinishedName, O_RDONLY | O_DIRECTORY)
    guard directory >= 0 else { throw ProgramError.system("cannot open \(unfinished)", errno: -directory) }
    defer { close(directory) }
    for id in volumes {
      do throws(ProgramError) {
        guard let document = try formerDocument(of: id, in: root) else { continue }
        try replace(id + suffix, by: document, through: "\(id).new", in: directory, path: unfinished)
        log.info("volume \(id): its document is moved to \(path)/\(directoryName)")
      } catch {
        log.error("volume \(id) is not opened again: \(error.description)")
      }
    }
    fsync(directory)
    guard renameat(root, unfinishedName, root, directoryName) == 0 else {
      throw ProgramError.system("cannot make \(path)/\(directoryName)", errno: errno)
    }
    fsync(root)
    for id in volumes { unlinkFormer(id, in: root) }
  }

  /// The document in a volume's directory, if it is one that a store wrote, as far as can be told.
  ///
  /// A client may have changed it nevertheless, to reach the names of the store: such a volume waits until the driver,
  /// which knows its settings, has it opened.
  private static func formerDocument(of id: String, in root: CInt) throws(ProgramError) -> [UInt8]? {
    let bytes = try ContainedFile.read("\(id)/\(formerName)", in: root, limit: largest) { status in
      status.st_uid == geteuid() && status.st_nlink == 1 && status.st_mode & 0o022 == 0
    }
    guard let bytes else { return nil }
    if let document = try? VolumeDocument(bytes), document.settings.scope == .cluster {
      throw ProgramError(
        .failed, "its document says scope 'cluster', and was where pods may write",
        hint: "it is opened again for the next pod that uses it")
    }
    return bytes
  }

  private static func unlinkFormer(_ id: String, in root: CInt) {
    let directory = clinux_open_beneath(root, id, CLINUX_O_PATH | O_DIRECTORY)
    guard directory >= 0 else { return }
    unlinkat(directory, formerName, 0)
    close(directory)
  }
}

extension UnsafeMutablePointer<dirent> {
  /// The name of an entry of a directory to which no client has access.
  fileprivate var name: String {
    withUnsafeBytes(of: &pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
