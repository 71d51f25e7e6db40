import Glibc
import Logging
import StoreCore
import Support
import Synchronization

/// A socket of a volume that listens already.
struct VolumeSocket: Sendable {
  let file: CInt
  let identity: FileIdentity
  let isReadOnly: Bool

  /// Gives up a socket that nobody serves.
  func close() { Glibc.close(file) }
}

/// The files of volumes as the disk worker changes them: directories, sockets, documents and the list of snapshots.
///
/// Everything here waits for the disk, so the loop calls none of it.
final class VolumeFiles: Sendable {
  // No volume can have these names.
  private static let listName = "~snapshots.json"
  private static let newListName = "~snapshots.json.new"

  let layout: VolumeLayout
  private let log: Logger
  /// Nil until there is a volume.
  private let opened = Mutex<VolumeDirectories?>(nil)

  init(_ layout: VolumeLayout, log: Logger) {
    self.layout = layout
    self.log = log
  }

  /// The directories, nil until there is a volume.
  var directories: VolumeDirectories? { opened.withLock { $0 } }

  /// The directories, which are made when they are needed first.
  ///
  /// - Throws: `ProgramError` when they cannot be made.
  func openDirectories() throws(ProgramError) -> VolumeDirectories {
    try opened.withLock { opened throws(ProgramError) in
      if let opened { return opened }
      let directories = try VolumeDirectories(layout, log: log)
      opened = directories
      return directories
    }
  }

  // MARK: - One volume

  /// Makes a volume that outlives a power failure, with its sockets; all of it or nothing.
  ///
  /// - Throws: `ProgramError` when it cannot be made, as on a full disk.
  func make(_ id: String, document: [UInt8]) throws(ProgramError) -> [VolumeSocket] {
    let directories = try openDirectories()
    var sockets: [VolumeSocket] = []
    do throws(ProgramError) {
      try directories.make(id)
      for isReadOnly in [false, true] { sockets.append(try directories.listen(on: id, isReadOnly: isReadOnly)) }
      try directories.documents.save(document, of: id, isFirst: true)
    } catch {
      for socket in sockets { socket.close() }
      _ = directories.removeRemains(of: id)
      throw error
    }
    return sockets
  }

  /// Writes a volume's document.
  ///
  /// - Throws: `ProgramError` when it stays as it was.
  func save(_ document: [UInt8], of id: String) throws(ProgramError) {
    try openDirectories().documents.save(document, of: id)
  }

  /// Deletes a volume's document, then its other files.
  ///
  /// - Throws: `ProgramError` when the document stays, and with it the volume.
  func remove(_ id: String) throws(ProgramError) {
    guard let directories else { return }
    try directories.documents.remove(id)
    if let error = directories.removeRemains(of: id) { log.warning("\(error.description)") }
  }

  /// Makes the missing files of a volume anew. A runtime may make the mount of a pod writable, and a root process in
  /// there can then remove the socket; the next request about the volume, such as the kubelet's every minute, restores
  /// it.
  ///
  /// - Parameter served: the sockets that are served.
  /// - Returns: those that are to be served instead.
  func repair(_ id: String, served: [VolumeSocket], document: [UInt8]) -> [VolumeSocket] {
    guard let directories else { return [] }
    let displaced = served.filter { directories.socket(of: id, isReadOnly: $0.isReadOnly) != $0.identity }
    let hasDocument = directories.documents.exists(id)
    guard !displaced.isEmpty || !hasDocument else { return [] }
    log.warning("somebody has removed files of volume \(id): they are made anew")
    var sockets: [VolumeSocket] = []
    do throws(ProgramError) {
      try directories.make(id)
      for socket in displaced { sockets.append(try directories.listen(on: id, isReadOnly: socket.isReadOnly)) }
      if !hasDocument { try directories.documents.save(document, of: id) }
    } catch {
      log.error("volume \(id) is not served everywhere: \(error.description)")
    }
    return sockets
  }

  // MARK: - Snapshots

  /// Keeps the ids of the snapshots, which themselves are in memory only, so that a restarted store can say which are
  /// lost.
  ///
  /// - Parameter list: nil when there are none.
  func saveSnapshots(_ list: [UInt8]?) {
    guard let directories else { return }
    guard let list else { return directories.removeFile(Self.listName) }
    do throws(ProgramError) {
      try directories.replace(Self.listName, by: list, through: Self.newListName)
    } catch {
      log.warning("\(error.description)")
    }
  }

  /// The list that the store left which ran here before; it is gone after that.
  func takeSnapshots() -> [UInt8]? {
    guard let directories, let list = try? directories.contents(of: Self.listName) else { return nil }
    directories.removeFile(Self.listName)
    return list
  }
}
