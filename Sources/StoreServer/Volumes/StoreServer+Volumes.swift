import Glibc
import Logging
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// The clients of volumes, and the volumes of the store that ran here before.
extension StoreServer: VolumeServing {
  // MARK: - At the start

  /// Opens the volumes of the store that ran here before, and removes unfinished ones.
  ///
  /// It waits for the disk: nobody is served yet.
  func reopenVolumes() {
    let files = volumeFiles
    guard VolumeDirectories.exist(files.layout) else { return }
    let directories: VolumeDirectories
    do throws(ProgramError) {
      directories = try files.openDirectories()
    } catch {
      return log.warning("volumes are not available: \(error.description)")
    }
    store.now = unixMilliseconds()
    let ids = directories.documents.ids()
    for id in Set(directories.ids()).subtracting(ids).sorted() {
      if let error = directories.removeRemains(of: id) { log.warning("\(error.description)") }
    }
    for id in ids { reopen(id, directories) }
    warnOfLostSnapshots(files)
    if !store.volumes.isEmpty {
      log.info("\(store.volumes.count) volumes are open again; what was written to them before is lost")
    }
  }

  private func reopen(_ id: String, _ directories: VolumeDirectories) {
    do throws(ProgramError) {
      guard let json = try directories.documents.document(of: id) else { return }
      let document: VolumeDocument
      do throws(StoreError) {
        document = try VolumeDocument(json)
      } catch {
        throw ProgramError(.failed, "cannot understand the document of volume \(id)", cause: error.message)
      }
      do throws(StoreError) { try volumes.requirePermission(for: document.settings) } catch {
        throw ProgramError(.failed, error.message)
      }
      guard document.settings.id == id else {
        throw ProgramError(.failed, "the document of volume \(id) is another volume's")
      }
      guard let volume = try reopen(document) else {
        log.info("volume \(id) was deleted while this store was down")
        try directories.documents.remove(id)
        if let error = directories.removeRemains(of: id) { log.warning("\(error.description)") }
        return
      }
      try directories.make(id)
      if document.isWritten { try directories.documents.save(VolumeDocument(volume).json, of: id) }
      guard hasReadOnlyArena else { throw VolumeHost.noReadOnlyArena }
      for isReadOnly in [false, true] { serve(try directories.listen(on: id, isReadOnly: isReadOnly), of: volume) }
    } catch {
      log.error("\(error.description); volume \(id) stays closed")
      closeSockets(of: id)
      store.deleteVolume(id)
    }
  }

  /// - Returns: nil for a volume that was deleted meanwhile.
  private func reopen(_ document: VolumeDocument) throws(ProgramError) -> Volume? {
    let lostContentsAt = document.isWritten ? store.now : document.lostContentsAt
    let isLossUnrepaired = document.isWritten || document.isLossUnrepaired
    guard let shared = document.shared else {
      return store.reopenVolume(
        document.settings, created: document.created, isFrozen: document.isFrozen, lostContentsAt: lostContentsAt,
        isLossUnrepaired: isLossUnrepaired)
    }
    guard let volumes = backend.volumes else {
      throw ProgramError(
        .failed, "volume \(shared.id) is on several stores, and this one shares nothing",
        hint: "start it with --meta etcd")
    }
    guard let found = volumes.reopen(shared) else { return nil }
    let volume: Volume
    do throws(StoreError) { volume = try store.openVolume(found) } catch {
      throw ProgramError(.failed, error.message)
    }
    store.noteLoss(of: volume, at: lostContentsAt, isLossUnrepaired: isLossUnrepaired)
    volumes.follow(volume.session) { _ in }
    return volume
  }

  /// Snapshots live in memory only.
  private func warnOfLostSnapshots(_ files: VolumeFiles) {
    guard let json = files.takeSnapshots() else { return }
    let message = RequestMessage()
    let ids = json.withUnsafeBytes { bytes -> [String] in
      guard (try? message.parse(bytes)) != nil else { return [] }
      return (try? message.strings("snapshots")) ?? []
    }
    for id in ids { log.warning("snapshot \(id) is lost: snapshots do not outlive a restart of the store") }
  }

  // MARK: - Other stores

  var sharedVolumes: (any SharedVolumes)? { backend.volumes }
  var sharedQuotas: (any SharedQuotas)? { backend.quotas }

  var knowsPeers: Bool { configuration.adminTokenFile != nil }

  // MARK: - Sockets

  var hasReadOnlyArena: Bool { arena.readOnlyFileDescriptor >= 0 }

  func serve(_ socket: VolumeSocket, of volume: Volume) {
    guard !isStopping else { return socket.close() }
    let former = listeners.first { $0.value.volume === volume && $0.value.isReadOnly == socket.isReadOnly }
    connections.add(Listener(socket, of: volume))
    if let former { connections.removeListener(former.key) }
  }

  func sockets(of volume: Volume) -> [VolumeSocket] {
    listeners.values.compactMap { listener in
      guard listener.volume === volume, let identity = listener.identity else { return nil }
      return VolumeSocket(file: listener.file, identity: identity, isReadOnly: listener.isReadOnly)
    }
  }

  func closeSockets(of id: String) {
    for (token, listener) in listeners where listener.volume?.id == id { connections.removeListener(token) }
  }

  /// Tries to save volumes again after a while.
  func saveLater() {
    guard !isSavingLater else { return }
    isSavingLater = true
    loop.after(10_000_000_000, .lateSaving)
  }

  // MARK: - Clients

  func evictClients(of volume: Volume) {
    for connection in connections.values where connection.client.volume === volume { evict(connection) }
  }

  /// Ends a connection whose volume is gone.
  ///
  /// The client reads the end of the stream. Memory that it has mapped is gone where only its volume had it,
  /// and stays untouched elsewhere until it closes its side.
  private func evict(_ connection: Connection) {
    abandonHeld(of: connection)
    abandonWork(of: connection)
    connection.isEvicted = true
    if case .transferring = connection.state {
      // The transfer thread has the socket: it notices, and the end of the transfer ends the connection.
      shutdown(connection.file, CInt(SHUT_RDWR))
      return
    }
    guard connection.kind == .ipc else { return close(connection, because: "its volume is deleted") }
    connection.state = .closing
    shutdown(connection.file, CInt(SHUT_WR))
    poller.change(connection.file, .hangUp, token: connection.id)
  }

  // MARK: - The admin token

  /// Has the file of the admin token read, for the request at hand.
  func readToken(then continuation: HeldReply.Continuation) -> HeldReply {
    let job = jobs.start { [token = handler.adminToken] in
      token.read()
    } finish: { server, job, content in
      if let client = server.heldReplies.waiting(for: job)?.connection {
        server.connections[client]?.adminToken = content
      }
      server.finishJob(job, failure: nil)
    }
    return HeldReply(until: .job(job), then: continuation)
  }
}
