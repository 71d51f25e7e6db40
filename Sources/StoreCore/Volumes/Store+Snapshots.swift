import StoreProtocol

extension Store {
  /// Keeps the contents of a volume as they are now, or finds the snapshot of that id. Blobs share their bytes.
  ///
  /// It has all of them when it is not being filled any more, and the volume may not be itself.
  ///
  /// - Throws: objectExists when the one there is of another volume, objectNotExists for an unknown volume,
  ///   notImplemented for one of scope `cluster`.
  public func createSnapshot(
    _ id: String, of source: String, attributes: [String: String]
  ) throws(StoreError) -> Volume {
    if let present = snapshots[id] {
      guard present.settings.source?.id == source else {
        throw StoreError(
          .objectExists,
          "snapshot '\(id)' exists already: it is one of volume '\(present.settings.source?.id ?? "")', not '\(source)'"
        )
      }
      return present
    }
    var settings = Volume.Settings(id: id)
    settings.attributes = attributes
    settings.source = Volume.Source(kind: .volume, id: source)
    let volume = try requireVolume(source)
    try requireOwnSession(volume)
    try requireRoom(forCopyOf: volume, sealedBytes(of: volume), as: id)
    let session = openSession(.normal)
    let snapshot = Volume(settings, kind: .snapshot, session: session, created: now, deletedMemory: .keep)
    session.volume = snapshot
    snapshot.isFrozen = true
    snapshots[id] = snapshot
    copyContents(of: volume, to: snapshot)
    return snapshot
  }

  /// Deletes a snapshot; bytes that other volumes share stay theirs.
  ///
  /// - Returns: the snapshot there was, if any.
  @discardableResult
  public func deleteSnapshot(_ id: String) -> Volume? {
    guard let snapshot = snapshots.removeValue(forKey: id) else { return nil }
    snapshot.copy?.stop(self)
    outbox.remove(snapshot)
    if snapshot.isShared {
      snapshot.session.isAbandoned = true
      forgetChanges(in: snapshot.session)
    }
    reclaim(VolumeRemoval(snapshot, of: clients(of: snapshot), self))
    return snapshot
  }

  /// The volume or snapshot that a new volume starts with.
  func contents(of source: Volume.Source, for settings: Volume.Settings) throws(StoreError) -> Volume {
    let volume = try requireVolume(source.id, source.kind)
    try requireOwnSession(volume)
    guard settings.scope == .volume else {
      throw StoreError(
        .notImplemented, "volume '\(settings.id)' has scope cluster and so cannot start with a copy: use scope volume")
    }
    let limit = settings.limit ?? .max
    let size = volume.usage.used <= limit ? 0 : sealedBytes(of: volume)
    guard size <= limit else {
      throw StoreError(
        .notEnoughMemory,
        "volume '\(settings.id)' cannot start with \(source.kind.rawValue) '\(source.id)': that has \(size) bytes, the "
          + "quota is \(settings.quota)")
    }
    try requireRoom(forCopyOf: volume, sealedBytes(of: volume), as: settings.id)
    return volume
  }

  /// Bytes of the blobs of a volume that are finished.
  private func sealedBytes(of volume: Volume) -> UInt64 {
    let session = volume.session
    let unsealed = clients.values.lazy.filter { $0.session === session }.flatMap { $0.writing }
    return volume.usage.used - unsealed.reduce(0) { $0 + (session.blobs[$1]?.charged ?? 0) }
  }

  private func requireOwnSession(_ volume: Volume) throws(StoreError) {
    guard !volume.isShared else {
      throw StoreError(
        .notImplemented,
        "\(volume.kind.rawValue) '\(volume.id)' has locality cluster, and so has every copy of it: its contents are on "
          + "several stores")
    }
    if volume.settings.scope == .volume { return }
    throw StoreError(
      .notImplemented,
      "volume '\(volume.id)' has scope cluster: its objects are those of the whole store and cannot be copied alone")
  }
}
