import Glibc
import JSON
import Logging
import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Services of the loop for the clients of volumes.
protocol VolumeServing: AnyObject {
  /// Whether the arena can be given to readers.
  var hasReadOnlyArena: Bool { get }
  /// Accepts clients of a volume on a socket, in place of the former one of the same kind.
  func serve(_ socket: VolumeSocket, of volume: Volume)
  /// The sockets of a volume that are served.
  func sockets(of volume: Volume) -> [VolumeSocket]
  /// Accepts no more clients of a volume.
  func closeSockets(of id: String)
  /// Ends the connections to a volume that is gone.
  func evictClients(of volume: Volume)
  /// Has requests tried again that wait for a volume's files.
  func wake(_ key: WaitKey)
  /// Has those tried again later that could not be saved.
  func saveLater()
  /// Gives or refuses the reply that waits for a job.
  func finishJob(_ job: UInt64, failure: StoreError?)
  /// Volumes that other stores have, too; nil where there are no others.
  var sharedVolumes: (any SharedVolumes)? { get }
  /// Quotas of such volumes.
  var sharedQuotas: (any SharedQuotas)? { get }
  /// Whether other stores can prove that they are stores.
  var knowsPeers: Bool { get }
}

/// Volumes with their sockets and documents, on the loop; the disk worker does the input and output.
///
/// A volume exists once its document is on disk and until that is gone; sockets and directories follow. So a crash at
/// any moment leaves a whole volume or none.
///
/// A change happens in the store first, then on disk, and only then is it answered: methods return a reply to be held
/// until the job is done, and undone if the job fails. A volume is busy while a client waits for its job: other
/// requests about it wait for `WaitKey.files`.
final class VolumeHost {
  let store: Store
  let files: VolumeFiles
  let jobs: DiskJobs
  let log: Logger
  private let allowsClusterScope: Bool
  unowned let server: any VolumeServing
  /// The ids of volumes that are busy.
  var busy: Set<String> = []
  /// The busy volumes whose documents are to be written when the job is done.
  var deferred: Set<String> = []
  /// Busy volumes that others have deleted, with their sessions.
  var doomed: [String: [UInt64]] = [:]
  /// Busy volumes that were made by copying, and may have no sockets yet.
  var unserved: Set<String> = []
  /// Actions on the loop when a job has succeeded, by the number of the job.
  private var successes: [UInt64: ([VolumeSocket]) -> Void] = [:]
  /// Volumes whose documents could not be written.
  private(set) var unsaved: Set<String> = []

  init(
    _ store: Store, _ files: VolumeFiles, _ jobs: DiskJobs, log: Logger, allowsClusterScope: Bool,
    for server: any VolumeServing
  ) {
    self.store = store
    self.files = files
    self.jobs = jobs
    self.log = log
    self.allowsClusterScope = allowsClusterScope
    self.server = server
  }

  /// The key a request has to wait for before it may look at or change a volume; nil when it may.
  func obstacle(_ id: String) -> WaitKey? { busy.contains(id) ? .files(volume: id) : nil }

  // MARK: - Jobs

  /// Has the disk worker do something for a volume, which is busy until then.
  ///
  /// - Parameters:
  ///   - continuation: of the reply that is held.
  ///   - failing: beginning of the message when it fails.
  ///   - undo: takes the change in the store back.
  ///   - success: called on the loop when it is done.
  private func start(
    _ id: String, then continuation: HeldReply.Continuation, failing: String,
    _ work: @escaping @Sendable () throws(ProgramError) -> [VolumeSocket],
    undo: @escaping () -> Void = {}, success: @escaping ([VolumeSocket]) -> Void = { _ in }
  ) -> HeldReply {
    busy.insert(id)
    let job = jobs.start {
      Result { () throws(ProgramError) in try work() }
    } finish: { server, job, result in
      server.volumes.finish(job, id, result)
    }
    successes[job] = success
    return HeldReply(until: .job(job), then: continuation, undo: undo) { error in
      StoreError(error.code, "\(failing): \(error.message)")
    }
  }

  private func finish(_ job: UInt64, _ id: String, _ result: Result<[VolumeSocket], ProgramError>) {
    let success = successes.removeValue(forKey: job)
    busy.remove(id)
    switch result {
    case .success(let sockets):
      success?(sockets)
      server.finishJob(job, failure: nil)
    case .failure(let error): server.finishJob(job, failure: StoreError(.ioError, error.description))
    }
    endJob(of: id)
  }

  /// Lets others have their turn with a volume.
  func endJob(of id: String) {
    if deferred.remove(id) != nil { saveLate(id) }
    dropDoomed(id)
    if !busy.contains(id), unserved.remove(id) != nil, let volume = store.volumes[id],
      server.sockets(of: volume).isEmpty
    {
      makeFiles(of: volume, begin(id))
    }
    server.wake(.files(volume: id))
  }

  // MARK: - Opening

  /// Opens a volume, or finds the one of that id and looks after its files.
  ///
  /// - Throws: notImplemented for settings that are not allowed, and as `Store.openVolume(_:)`.
  func open(_ settings: VolumeSettings) throws(StoreError) -> (volume: Volume, held: HeldReply) {
    try requirePermission(for: settings)
    let (volume, isNew) = try store.openVolume(settings)
    guard isNew else { return (volume, repair(volume, then: .request)) }
    let document = VolumeDocument(volume).json
    let hasReadOnlyArena = server.hasReadOnlyArena
    let held = start(volume.id, then: .request, failing: "volume '\(volume.id)' cannot be opened") {
      [files] () throws(ProgramError) in
      guard hasReadOnlyArena else { throw Self.noReadOnlyArena }
      return try files.make(settings.id, document: document)
    } undo: { [store, server] in
      store.deleteVolume(volume.id)
      server.evictClients(of: volume)
    } success: { [log, files, server] sockets in
      for socket in sockets { server.serve(socket, of: volume) }
      log.info("volume \(volume.id) is served in \(files.layout.directory(of: volume.id))")
    }
    return (volume, held)
  }

  static let noReadOnlyArena = ProgramError(
    .failed, "shared memory cannot be given read-only", hint: "is /proc mounted?")

  /// Checks an inline volume: the author of a pod writes it, while the class of a claim is an administrator's.
  ///
  /// - Throws: notImplemented for an inline volume that reaches the objects of the store, or leaves some there.
  func requirePermission(for settings: VolumeSettings) throws(StoreError) {
    guard settings.isEphemeral, !allowsClusterScope else { return }
    guard settings.scope == .cluster || settings.onDelete == .retain else { return }
    let wish = settings.scope == .cluster ? "scope 'cluster'" : "onDelete 'retain'"
    throw StoreError(
      .notImplemented,
      "\(wish) is not allowed for inline volumes such as '\(settings.id)': it reaches the objects of all others "
        + "(hint: use a claim, or have the administrator set spec.allowClusterScope of the Vineyardd)")
  }

  /// Makes files anew that somebody has removed.
  func repair(_ volume: Volume, then continuation: HeldReply.Continuation) -> HeldReply {
    let (id, served) = (volume.id, server.sockets(of: volume))
    let document = VolumeDocument(volume).json
    return start(id, then: continuation, failing: "volume '\(id)' cannot be repaired") { [files] in
      files.repair(id, served: served, document: document)
    } success: { [store, server] sockets in
      for socket in sockets {
        if store.volumes[id] === volume { server.serve(socket, of: volume) } else { socket.close() }
      }
    }
  }

  // MARK: - Changing

  /// Changes quota and policy, unless nil.
  ///
  /// - Throws: as `Store.resizeVolume(_:quota:)`.
  func resize(
    _ id: String, _ change: VolumeChange
  ) throws(StoreError) -> (volume: Volume, held: HeldReply) {
    let volume = try store.requireVolume(id)
    let old = volume.settings
    if let quota = change.quota { _ = try store.resizeVolume(id, quota: quota) }
    if let onDelete = change.onDelete { _ = try store.setDeletion(of: id, onDelete) }
    let held = save(volume) { [unowned self] in
      guard store.volumes[id] === volume else { return }
      _ = try? store.setDeletion(of: id, old.onDelete)
      // The room may be taken meanwhile: then the volume stays as it was asked to be, and is saved later.
      if (try? store.resizeVolume(id, quota: old.quota)) == nil { noteUnsaved(id) }
    }
    return (volume, held)
  }

  /// Allows or forbids writing.
  ///
  /// - Throws: objectNotExists.
  func freeze(_ id: String, _ isFrozen: Bool) throws(StoreError) -> (volume: Volume, held: HeldReply) {
    let old = try store.requireVolume(id).isFrozen
    let volume = try store.freezeVolume(id, isFrozen)
    let held = save(volume) { [store] in
      if store.volumes[id] === volume { _ = try? store.freezeVolume(id, old) }
    }
    return (volume, held)
  }

  private func save(_ volume: Volume, undo: @escaping () -> Void) -> HeldReply {
    store.forgetWrites(to: volume)
    let (id, document) = (volume.id, VolumeDocument(volume).json)
    return start(id, then: .send(arena: false, nil), failing: "volume '\(id)' cannot be changed") {
      [files] () throws(ProgramError) in
      try files.save(document, of: id)
      return []
    } undo: {
      undo()
    } success: { [unowned self] _ in
      unsaved.remove(id)
    }
  }

  // MARK: - Deleting

  /// Deletes a volume, or a snapshot, that could not be filled; the request goes on then.
  func discard(_ volume: Volume) -> HeldReply {
    if volume.kind == .volume { return delete(volume.id, then: .request).held }
    store.deleteSnapshot(volume.id)
    return saveSnapshots(then: .request)
  }

  /// Deletes a volume: its document, then the rest.
  ///
  /// - Returns: whether there is one, and the reply to be held.
  func delete(
    _ id: String, then continuation: HeldReply.Continuation = .send(arena: false, nil)
  ) -> (wasThere: Bool, held: HeldReply) {
    let held = start(id, then: continuation, failing: "volume '\(id)' cannot be deleted") {
      [files] () throws(ProgramError) in
      try files.remove(id)
      return []
    } success: { [store, server, log] _ in
      server.closeSockets(of: id)
      guard let volume = store.deleteVolume(id) else { return }
      server.evictClients(of: volume)
      log.info("volume \(id) is deleted")
    }
    return (store.volumes[id] != nil, held)
  }

  // MARK: - Snapshots

  /// Keeps the contents of a volume, or finds the snapshot of that id.
  ///
  /// - Throws: as `Store.createSnapshot(_:of:attributes:)`.
  func createSnapshot(
    _ id: String, of source: String, attributes: [String: String]
  ) throws(StoreError) -> (volume: Volume, held: HeldReply) {
    let snapshot = try store.createSnapshot(id, of: source, attributes: attributes)
    return (snapshot, saveSnapshots(then: .request))
  }

  /// Deletes a snapshot.
  ///
  /// - Returns: whether there is one, and the reply to be held.
  func deleteSnapshot(_ id: String) -> (wasThere: Bool, held: HeldReply?) {
    guard let snapshot = store.deleteSnapshot(id) else { return (false, nil) }
    server.evictClients(of: snapshot)
    return (true, saveSnapshots(then: .send(arena: false, nil)))
  }

  /// Has the list of snapshots written, for which nobody waits.
  func noteSnapshots() { _ = saveSnapshots(then: .close) }

  /// Has the list of snapshots written, as it is now; the last one counts.
  private func saveSnapshots(then continuation: HeldReply.Continuation) -> HeldReply {
    var list: [UInt8]?
    if !store.snapshots.isEmpty {
      let writer = ByteWriter(capacity: 1024)
      writer.beginObject()
      writer.array("snapshots", store.snapshots.keys.sorted()) { writer.append(jsonString: $0) }
      writer.endObject()
      writer.append("\n")
      list = Array(writer.bytes)
    }
    let job = jobs.start { [files, list] in
      files.saveSnapshots(list)
    } finish: { server, job, _ in
      server.finishJob(job, failure: nil)
    }
    return HeldReply(until: .job(job), then: continuation)
  }

  // MARK: - First writes

  /// Notes on disk that a volume has contents now, for the store that starts after this one.
  func saveFirstWrite(to volume: Volume) {
    if volume.kind == .volume { saveIfPossible(volume) }
  }

  /// Notes on disk which volumes have no contents any more.
  func saveEmptied() {
    for volume in store.volumes.values where volume.isWritten && volume.isEmpty { saveIfPossible(volume) }
  }

  /// Saves documents that could not be saved at their time, as on a full disk.
  func saveLate() { for id in unsaved { saveLate(id) } }

  private func saveLate(_ id: String) {
    if let volume = store.volumes[id] { saveIfPossible(volume) } else { unsaved.remove(id) }
  }

  /// Writes a document for which nobody waits; of a busy volume, when its job is done.
  func saveIfPossible(_ volume: Volume) {
    let id = volume.id
    if busy.contains(id) {
      deferred.insert(id)
      return
    }
    store.forgetWrites(to: volume)
    let document = VolumeDocument(volume).json
    _ = jobs.start { [files] in
      Result { () throws(ProgramError) in try files.save(document, of: id) }
    } finish: { server, _, result in
      server.volumes.finishSaving(id, result)
    }
  }

  private func finishSaving(_ id: String, _ result: Result<Void, ProgramError>) {
    switch result {
    case .success: unsaved.remove(id)
    case .failure(let error):
      if noteUnsaved(id) {
        log.warning(
          "volume '\(id)' cannot be changed: \(error.description); clients notice nothing, and it is tried again")
      }
    }
  }

  /// - Returns: whether it was not noted before.
  @discardableResult
  private func noteUnsaved(_ id: String) -> Bool {
    server.saveLater()
    return unsaved.insert(id).inserted
  }
}
