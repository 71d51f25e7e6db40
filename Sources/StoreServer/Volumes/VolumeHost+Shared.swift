import Logging
import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Volumes that other stores have, too. What they are is decided in etcd; then this store does the same.
extension VolumeHost {
  /// The document of a volume that several stores have; nil for one of this store alone, or none.
  func sharedDocument(of id: String) -> SharedVolume? {
    if let volume = store.volumes[id] { return volume.document }
    return server.sharedVolumes?.document(of: id)
  }

  func requireSharing() throws(StoreError) -> any SharedVolumes {
    guard let shared = server.sharedVolumes else {
      throw StoreError(
        .notImplemented,
        "this store shares nothing: it runs with --meta local, and locality 'cluster' needs --meta etcd")
    }
    guard server.knowsPeers else {
      throw StoreError(
        .notImplemented,
        "volumes of locality 'cluster' need --admin_token_file, the same on all stores, by which they know each other")
    }
    return shared
  }

  // MARK: - Opening

  /// Opens a volume here that others may have already, or finds the one of that id and looks after its files.
  ///
  /// - Throws: notImplemented for settings that are not allowed, or a store without others; objectExists when the one
  ///   there is different.
  func openShared(_ settings: VolumeSettings) throws(StoreError) -> HeldReply {
    if let volume = store.volumes[settings.id] {
      try volume.settings.requireAgreement(with: settings)
      // Who opens it knows that it is to be there.
      server.sharedVolumes?.confirm(settings.id)
      return repair(volume, then: .request)
    }
    let shared = try requireSharing()
    try requirePermission(for: settings)
    if let source = settings.source, shared.document(of: settings.id) == nil {
      return try openSharedCopy(settings, of: source)
    }
    let job = begin(settings.id)
    open(settings, job, shared)
    return held(by: job)
  }

  /// Opens a volume here that others may have already, for a job under way.
  func open(_ settings: VolumeSettings, _ job: UInt64, _ shared: any SharedVolumes) {
    shared.open(store.sharedVolume(settings)) { [weak self] result in self?.follow(job, settings.id, result) }
  }

  /// Nanoseconds after which a client hears that etcd does not answer; what it has asked for may happen nevertheless.
  private static let patience: UInt64 = 8_000_000_000

  func held(by job: UInt64) -> HeldReply {
    let held = HeldReply(until: .job(job), then: .request)
    held.deadline = (
      monotonicNanoseconds() + Self.patience,
      StoreError(.ioError, "volumes of several stores are kept in etcd, which does not answer")
    )
    return held
  }

  func begin(_ id: String) -> UInt64 {
    busy.insert(id)
    return jobs.reserveNumber()
  }

  func end(_ job: UInt64, _ id: String, _ failure: StoreError?) {
    busy.remove(id)
    server.finishJob(job, failure: failure)
    endJob(of: id)
  }

  private func follow(_ job: UInt64, _ id: String, _ result: Result<SharedVolume, StoreError>) {
    let volume: Volume
    do throws(StoreError) {
      let document = try result.get()
      promote(document, .volume)
      volume = try store.openVolume(document)
    } catch {
      return end(job, id, error)
    }
    guard let shared = server.sharedVolumes else { return end(job, id, store.unknownVolume(id)) }
    shared.follow(volume.session) { [weak self] failure in
      guard let self else { return }
      if let failure { return abandon(volume, job, failure) }
      makeFiles(of: volume, job)
    }
  }

  func makeFiles(of volume: Volume, _ job: UInt64) {
    let (id, document) = (volume.id, VolumeDocument(volume).json)
    let hasReadOnlyArena = server.hasReadOnlyArena
    jobs.start { [files] in
      Result { () throws(ProgramError) in
        guard hasReadOnlyArena else { throw Self.noReadOnlyArena }
        return try files.make(id, document: document)
      }
    } finish: { server, _, result in
      server.volumes.serve(id, job, result)
    }
  }

  private func serve(_ id: String, _ job: UInt64, _ result: Result<[VolumeSocket], ProgramError>) {
    guard let volume = store.volumes[id] else {
      if case .success(let sockets) = result { for socket in sockets { socket.close() } }
      return end(job, id, store.unknownVolume(id))
    }
    switch result {
    case .failure(let error):
      abandon(volume, job, StoreError(.ioError, "volume '\(id)' cannot be opened: \(error.description)"))
    case .success(let sockets):
      for socket in sockets { server.serve(socket, of: volume) }
      log.info("volume \(id), which all stores have, is served in \(files.layout.directory(of: id))")
      end(job, id, nil)
    }
  }

  /// Gives up a volume here that others keep.
  private func abandon(_ volume: Volume, _ job: UInt64, _ failure: StoreError) {
    store.deleteVolume(volume.id)
    server.evictClients(of: volume)
    server.sharedVolumes?.leave(volume.id, session: volume.session.id)
    end(job, volume.id, failure)
  }

  // MARK: - Changing

  /// Changes a document on all stores.
  ///
  /// - Throws: notEnoughMemory for a quota that is less than is used.
  func changeShared(_ id: String, _ change: SharedVolumeChange) throws(StoreError) -> HeldReply {
    let shared = try requireSharing()
    if case .settings(let change) = change, let quota = change.quota, quota > 0, let document = sharedDocument(of: id) {
      let used = record(of: document).used
      guard quota >= used else {
        throw StoreError(
          .notEnoughMemory, "volume '\(id)' cannot have \(quota) bytes: its objects on all stores take \(used)")
      }
    }
    shared.confirm(id)
    let job = begin(id)
    resize(id, change) { [weak self] failure in
      guard let self else { return }
      if let failure { return end(job, id, failure) }
      shared.change(id, change) { [weak self] result in
        guard let self else { return }
        switch result {
        case .failure(let error): end(job, id, error)
        case .success(let document):
          take(.changed(document))
          end(job, id, nil)
        }
      }
    }
    return held(by: job)
  }

  /// Changes the quota that all stores together keep to, before the document says so.
  private func resize(_ id: String, _ change: SharedVolumeChange, then answer: @escaping (StoreError?) -> Void) {
    guard case .settings(let change) = change, let quota = change.quota, quota > 0,
      let document = sharedDocument(of: id),
      quota != document.settings.quota, let quotas = server.sharedQuotas
    else { return answer(nil) }
    quotas.resize(document, to: quota, then: answer)
  }

  /// Deletes a volume on all stores; those that are down delete it when they are started again.
  ///
  /// - Throws: notImplemented for a store without others.
  func deleteShared(_ id: String) throws(StoreError) -> HeldReply {
    let shared = try requireSharing()
    let job = begin(id)
    shared.delete(id) { [weak self] result in
      guard let self else { return }
      switch result {
      case .failure(let error): end(job, id, error)
      case .success:
        if let volume = store.volumes[id], volume.isShared { drop(volume, job) } else { end(job, id, nil) }
      }
    }
    return held(by: job)
  }

  /// Removes a volume here that is deleted everywhere: its contents, then its files, then its place among others.
  private func drop(_ volume: Volume, _ job: UInt64) {
    let (id, session) = (volume.id, volume.session.id)
    server.closeSockets(of: id)
    store.deleteVolume(id)
    server.evictClients(of: volume)
    jobs.start { [files] in
      Result { () throws(ProgramError) in try files.remove(id) }
    } finish: { server, _, result in
      server.volumes.finishDropping(id, session: session, job, result)
    }
  }

  private func finishDropping(_ id: String, session: UInt64, _ job: UInt64, _ result: Result<Void, ProgramError>) {
    switch result {
    case .success:
      log.info("volume \(id) is deleted")
      server.sharedVolumes?.leave(id, session: session)
      end(job, id, nil)
    case .failure(let error):
      // Its tombstone stays, so that the next start removes the document.
      log.error("volume \(id) is deleted, but not its files: \(error.description)")
      end(job, id, StoreError(.ioError, "volume '\(id)' cannot be deleted: \(error.description)"))
    }
  }

  // MARK: - What others do

  /// Does what others have done.
  func take(_ news: SharedVolumeNews) {
    switch news {
    case .changed(let document):
      guard let volume = store.volumes[document.id], volume.isShared, volume.session.id == document.session,
        store.update(volume, to: document)
      else { return }
      server.sharedQuotas?.adopt(volume)
      saveIfPossible(volume)
    case .deleted(let id, let session):
      if busy.contains(id) {
        doomed[id, default: []].append(session)
      } else if let volume = store.volumes[id], volume.isShared, volume.session.id == session {
        drop(volume, begin(id))
      } else {
        server.sharedVolumes?.leave(id, session: session)
      }
    }
  }

  /// Drops a volume that was deleted while it was busy.
  func dropDoomed(_ id: String) {
    guard !busy.contains(id) else { return }
    for session in doomed.removeValue(forKey: id) ?? [] { take(.deleted(id, session: session)) }
  }

  // MARK: - Use

  /// Tells others what this store has.
  func reportUses() {
    guard let shared = server.sharedVolumes else { return }
    var uses: [String: SharedVolumeUse] = [:]
    for volume in store.volumes.values where volume.isShared { uses[volume.id] = SharedVolumeUse(volume) }
    shared.report(uses, store.capacity)
  }

  /// The state of a volume on all stores.
  func record(of volume: Volume) -> VolumeRecord {
    if volume.kind == .snapshot, let document = volume.document { return record(ofSnapshot: document) }
    var record = VolumeRecord(volume, in: store)
    guard volume.isShared, let others = server.sharedVolumes?.useElsewhere(of: volume.id) else { return record }
    record.isUnconfirmed = server.sharedVolumes?.isUnconfirmed(volume.id) == true
    record.used += others.used
    record.connections += others.connections
    return record
  }

  /// The state of a volume that only other stores have.
  func record(of document: SharedVolume) -> VolumeRecord {
    if let volume = store.volumes[document.id] { return record(of: volume) }
    let use = server.sharedVolumes?.useElsewhere(of: document.id) ?? SharedVolumeUse()
    var record = VolumeRecord(id: document.id)
    record.scope = document.settings.scope
    record.locality = document.settings.locality
    record.onDelete = document.settings.onDelete
    record.isEphemeral = document.settings.isEphemeral
    record.quota = document.settings.quota
    record.attributes = document.settings.attributes
    record.source = document.settings.source?.id
    record.overwrite = document.settings.overwrite
    record.deletedMemory = document.settings.deletedMemory
    record.isFrozen = document.isFrozen
    record.created = document.created
    (record.used, record.objects, record.names) = (use.used, use.objects, use.names)
    record.connections = use.connections
    return record
  }

  /// The memory of the store, and of those that it shares volumes with.
  var capacity: StoreCapacity {
    var capacity = store.capacity
    guard let shared = server.sharedVolumes else { return capacity }
    capacity.isShared = true
    capacity.instances = shared.instances
    capacity.absentNodes = shared.absentNodes
    return capacity
  }
}

extension SharedVolumeUse {
  /// What this store has of a volume.
  init(_ volume: Volume) {
    self.init(
      used: volume.usage.used, objects: volume.objectCount, names: volume.nameCount, connections: volume.connections)
  }
}
