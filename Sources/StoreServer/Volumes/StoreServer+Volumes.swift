import Glibc
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Volumes with their sockets and documents.
///
/// A volume exists once its document is on disk and until that is gone; sockets and directories follow. So a crash at
/// any moment leaves a whole volume or none.
extension StoreServer: VolumeHosting {
  // MARK: - At the start

  /// Opens the volumes of the store that ran here before, and removes what it had not finished.
  func reopenVolumes() {
    let layout = handler.identity.volumeLayout
    guard VolumeDirectories.exist(layout) else { return }
    let directories: VolumeDirectories
    do throws(CommandError) {
      directories = try VolumeDirectories(layout, log: log)
    } catch {
      return log.warning("volumes are not available: \(error.description)")
    }
    volumeDirectories = directories
    store.now = unixMilliseconds()
    let ids = directories.documents.ids()
    for id in Set(directories.ids()).subtracting(ids).sorted() {
      if let error = directories.removeRemains(of: id) { log.warning(error.description) }
    }
    for id in ids { reopen(id, directories) }
    warnOfLostSnapshots(directories)
    if !store.volumes.isEmpty {
      log.info("\(store.volumes.count) volumes are open again; what was written to them before is lost")
    }
  }

  private func reopen(_ id: String, _ directories: VolumeDirectories) {
    do throws(CommandError) {
      guard let json = try directories.documents.document(of: id) else { return }
      let document: VolumeDocument
      do throws(StoreError) {
        document = try VolumeDocument(json)
      } catch {
        throw CommandError(.failed, "cannot understand the document of volume \(id)", cause: error.message)
      }
      do throws(StoreError) { try requirePermission(for: document.settings) } catch {
        throw CommandError(.failed, error.message)
      }
      guard document.settings.id == id else {
        throw CommandError(.failed, "the document of volume \(id) is another volume's")
      }
      try directories.make(id)
      let volume = store.reopenVolume(
        document.settings, created: document.created, isFrozen: document.isFrozen,
        lostContentsAt: document.isWritten ? store.now : document.lostContentsAt,
        isLossUnmended: document.isWritten || document.isLossUnmended)
      if document.isWritten { try directories.documents.save(VolumeDocument(volume).json, of: id) }
      try openSockets(of: volume, directories)
    } catch {
      log.error("\(error.description); volume \(id) stays closed")
      closeSockets(of: id)
      store.deleteVolume(id)
    }
  }

  // MARK: - Opening

  func open(_ settings: Volume.Settings) throws(StoreError) -> Volume {
    try requirePermission(for: settings)
    let (volume, isNew) = try store.openVolume(settings)
    guard isNew else {
      mend(volume)
      return volume
    }
    do throws(CommandError) {
      let directories = try directoriesOfVolumes()
      do throws(CommandError) {
        try directories.make(volume.id)
        try openSockets(of: volume, directories)
        try directories.documents.save(VolumeDocument(volume).json, of: volume.id, isFirst: true)
      } catch {
        closeSockets(of: volume.id)
        _ = directories.removeRemains(of: volume.id)
        throw error
      }
    } catch {
      store.deleteVolume(volume.id)
      throw StoreError(.ioError, "volume '\(settings.id)' cannot be opened: \(error.description)")
    }
    log.info("volume \(volume.id) is served in \(handler.identity.volumeLayout.directory(of: volume.id))")
    return volume
  }

  /// A claim's class is an administrator's; an inline volume is whatever the author of a pod writes.
  ///
  /// - Throws: notImplemented for an inline volume that reaches the objects of the store, or leaves some there.
  private func requirePermission(for settings: Volume.Settings) throws(StoreError) {
    guard settings.isEphemeral, !configuration.allowsClusterScope else { return }
    guard settings.scope == .cluster || settings.onDelete == .retain else { return }
    let wish = settings.scope == .cluster ? "scope 'cluster'" : "onDelete 'retain'"
    throw StoreError(
      .notImplemented,
      "\(wish) is not allowed for inline volumes such as '\(settings.id)': it reaches the objects of all others (hint: use "
        + "a claim, or have the administrator set spec.allowClusterScope of the Vineyardd)")
  }

  private func directoriesOfVolumes() throws(CommandError) -> VolumeDirectories {
    if let volumeDirectories { return volumeDirectories }
    let directories = try VolumeDirectories(handler.identity.volumeLayout, log: log)
    volumeDirectories = directories
    return directories
  }

  private func openSockets(of volume: Volume, _ directories: VolumeDirectories) throws(CommandError) {
    guard arena.readOnlyFileDescriptor >= 0 else {
      throw CommandError(.failed, "shared memory cannot be given read-only", hint: "is /proc mounted?")
    }
    for isReadOnly in [false, true] { try openSocket(of: volume, isReadOnly: isReadOnly, directories) }
  }

  private func openSocket(
    of volume: Volume, isReadOnly: Bool, _ directories: VolumeDirectories
  ) throws(CommandError) {
    let socket = try directories.listen(on: volume.id, isReadOnly: isReadOnly)
    add(Listener(file: socket.file, identity: socket.identity, volume: volume, isReadOnly: isReadOnly))
  }

  private func closeSockets(of id: String) {
    for (token, listener) in listeners where listener.volume?.id == id {
      poller.remove(listener.file)
      listeners[token] = nil
    }
  }

  /// A runtime may make the mount of a pod writable again, and what runs as root in there can then remove the socket.
  /// Whoever asks after the volume, such as the kubelet every minute, finds it served nevertheless.
  func mend(_ volume: Volume) {
    guard volume.kind == .volume, let directories = volumeDirectories else { return }
    let displaced = listeners.filter { _, listener in
      guard listener.volume === volume else { return false }
      return directories.socket(of: volume.id, isReadOnly: listener.isReadOnly) != listener.identity
    }
    let hasDocument = directories.documents.exists(volume.id)
    guard !displaced.isEmpty || !hasDocument else { return }
    log.warning("somebody has removed files of volume \(volume.id): they are made anew")
    do throws(CommandError) {
      try directories.make(volume.id)
      for (token, listener) in displaced {
        try openSocket(of: volume, isReadOnly: listener.isReadOnly, directories)
        poller.remove(listener.file)
        listeners[token] = nil
      }
      if !hasDocument { try directories.documents.save(VolumeDocument(volume).json, of: volume.id) }
    } catch {
      log.error("volume \(volume.id) is not served everywhere: \(error.description)")
    }
  }

  // MARK: - Changing

  func resizeVolume(_ id: String, quota: UInt64?, onDelete: Volume.Deletion?) throws(StoreError) -> Volume {
    let volume = try store.requireVolume(id)
    let old = volume.settings
    if let quota { _ = try store.resizeVolume(id, quota: quota) }
    if let onDelete { _ = try store.setDeletion(of: id, onDelete) }
    do throws(StoreError) {
      try save(volume)
    } catch {
      _ = try store.resizeVolume(id, quota: old.quota)
      _ = try store.setDeletion(of: id, old.onDelete)
      throw error
    }
    return volume
  }

  func freezeVolume(_ id: String, _ isFrozen: Bool) throws(StoreError) -> Volume {
    let old = try store.requireVolume(id).isFrozen
    let volume = try store.freezeVolume(id, isFrozen)
    do throws(StoreError) {
      try save(volume)
    } catch {
      _ = try store.freezeVolume(id, old)
      throw error
    }
    return volume
  }

  private func save(_ volume: Volume) throws(StoreError) {
    store.forgetWrites(to: volume)
    do throws(CommandError) {
      try directoriesOfVolumes().documents.save(VolumeDocument(volume).json, of: volume.id)
    } catch {
      throw StoreError(.ioError, "volume '\(volume.id)' cannot be changed: \(error.description)")
    }
  }

  /// Notes on disk that a volume has contents now, for the one who starts after this store.
  func saveFirstWrite(to volume: Volume) {
    if volume.kind == .volume { saveIfPossible(volume) }
  }

  /// Notes on disk which volumes have no contents any more.
  func saveEmptied() {
    for volume in store.volumes.values where volume.isWritten && volume.isEmpty { saveIfPossible(volume) }
  }

  private func saveIfPossible(_ volume: Volume) {
    do throws(StoreError) {
      try save(volume)
      unsavedVolumes.remove(volume.id)
    } catch {
      guard unsavedVolumes.insert(volume.id).inserted else { return }
      log.warning("\(error.message); clients notice nothing, and it is tried again")
    }
  }

  /// Notes what could not be noted when it happened, as on a full disk.
  func saveLate() {
    for id in unsavedVolumes {
      if let volume = store.volumes[id] { saveIfPossible(volume) } else { unsavedVolumes.remove(id) }
    }
  }

  // MARK: - Deleting

  func deleteVolume(_ id: String) throws(StoreError) -> Bool {
    do throws(CommandError) {
      try volumeDirectories?.documents.remove(id)
    } catch {
      throw StoreError(.ioError, "volume '\(id)' cannot be deleted: \(error.description)")
    }
    closeSockets(of: id)
    let volume = store.deleteVolume(id)
    if let volume {
      showOutClients(of: volume)
      log.info("volume \(id) is deleted")
    }
    if let error = volumeDirectories?.removeRemains(of: id) { log.warning(error.description) }
    return volume != nil
  }

  func showOutClients(of volume: Volume) {
    for connection in Array(connections.values) where connection.client.volume === volume { showOut(connection) }
  }

  /// Ends a connection whose volume is gone.
  ///
  /// The client reads the end of the stream. What it has mapped stays untouched until it closes its side.
  private func showOut(_ connection: ClientConnection) {
    if case .parked(let key) = connection.state { forget(connection, waitingFor: key) }
    pageWaiters.removeAll { $0 == connection.id }
    abandonWork(of: connection)
    connection.isShownOut = true
    if case .transferring = connection.state {
      // The transfer thread has the socket: it notices, and the end of the transfer ends the connection.
      shutdown(connection.file, CInt(SHUT_RDWR))
      return
    }
    guard connection.kind == .ipc else { return close(connection, because: "its volume is deleted") }
    connection.state = .leaving
    shutdown(connection.file, CInt(SHUT_WR))
    poller.change(connection.file, .hangUp, token: connection.id)
  }
}
