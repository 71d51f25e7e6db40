import StoreProtocol

/// Copies of blobs of other stores: how they come, are used and go.
extension Store {
  /// Whether an object's blobs are on another store. Global objects, which are on several, do not count.
  public func isElsewhere(_ id: ObjectID, in session: Session) -> Bool {
    guard !id.isBlob, let record = session.metadata[id] else { return false }
    return isElsewhere(record)
  }

  /// Whether an object may have blobs on other stores. In volumes, which have no way to other stores but this one, that
  /// holds for global objects, too.
  public func mayHaveBlobsElsewhere(_ id: ObjectID, in session: Session) -> Bool {
    guard !id.isBlob, let record = session.metadata[id] else { return false }
    return mayHaveBlobsElsewhere(record, in: session)
  }

  func mayHaveBlobsElsewhere(_ record: MetadataRecord, in session: Session) -> Bool {
    isElsewhere(record) || hasPeers && record.isGlobal && session.volume != nil
  }

  func isElsewhere(_ record: MetadataRecord) -> Bool {
    !record.isGlobal && isElsewhere(record.instance)
  }

  func isElsewhere(_ instance: UInt64) -> Bool {
    hasPeers && instance != instances.local && instance != InstanceID.unspecified
  }

  /// The copy of a blob of another store; nil when there is none.
  public func copy(of original: RemoteBlob, in session: Session) -> ObjectID? { session.remoteCopies[original] }

  /// Whether a blob is a copy.
  public func isCopy(_ id: ObjectID, in session: Session) -> Bool { session.blobs[id]?.copy != nil }

  /// Gives the copy of a blob to a client, which keeps it from going.
  ///
  /// - Returns: false when there is none.
  @discardableResult
  public func grantCopy(of original: RemoteBlob, to client: Client) -> Bool {
    let session = client.session
    guard let id = session.remoteCopies[original], let state = session.blobs[id]?.copy else { return false }
    let lastUse = cache.use(Place(session, id), after: state.lastUse)
    session.blobs.update(id) { $0.copy?.lastUse = lastUse }
    grantReading(id, to: client)
    return true
  }

  /// Whether a client may map the copy of a blob, as far as its volume goes; the first time, for nothing is counted
  /// twice.
  public func admitsCopy(of original: RemoteBlob, to client: Client) -> Bool {
    guard let volume = client.volume,
      let blob = client.session.remoteCopies[original].flatMap({ client.session.blobs[$0] })
    else { return true }
    return volume.usage.admitsCopy(blob.extent, blob.charged, within: copyLimit(of: volume))
  }

  /// Bytes of copies that the clients of a volume may map.
  public func copyLimit(of volume: Volume) -> UInt64 {
    min(configuration.volumeCopyLimit ?? volume.settings.limit ?? .max, cache.limit)
  }

  func copiesExceeded(_ size: UInt64, by volume: Volume) -> StoreError {
    StoreError(
      .notEnoughMemory,
      "no room for \(size) bytes of what other stores have: the clients of volume '\(volume.id)' may map copies of "
        + "\(copyLimit(of: volume)) bytes on this one and map \(volume.usage.mappedBytes); these come back when "
        + "clients disconnect, delete what they read or call memory_trim")
  }

  /// Counts a read that found all copies here.
  public func countCopyHit() { cache.hits += 1 }

  // MARK: - Coming

  /// Makes a copy of what has arrived, or gives its room back.
  ///
  /// - Parameter isComplete: whether all bytes are there.
  public func finish(_ incoming: IncomingCopy, isComplete: Bool) {
    work.spend(Work.item)
    ensure(
      cache.incoming.removeValue(forKey: incoming.number) != nil, "the copy of \(incoming.original.id) comes in twice")
    let size = memory.charged(incoming.extent)
    guard isComplete, let session = sessions[incoming.session], instances[incoming.original.instance] != nil,
      session.remoteCopies[incoming.original] == nil
    else {
      cache.bytes -= size
      return memory.removeBlob(incoming.extent, reuses: true)
    }
    let id = freshBlobID(in: session)
    let lastUse = cache.use(Place(session, id))
    session.blobs[id] = Blob(
      extent: incoming.extent, offset: incoming.range.offset, size: incoming.range.length, charged: size,
      isSealed: true, copy: CopyState(original: incoming.original, lastUse: lastUse))
    session.remoteCopies[incoming.original] = id
  }

  // MARK: - Going

  /// Notes that a blob that was taken out of its session is a copy no more.
  func forgetCopy(_ blob: inout Blob, in session: Session) {
    guard let state = blob.copy else { return }
    blob.copy = nil
    session.remoteCopies[state.original] = nil
    cache.order[state.lastUse] = nil
    ensure(cache.bytes >= blob.charged, "\(blob.charged) bytes of copies go, \(cache.bytes) are there")
    cache.bytes -= blob.charged
  }

  /// Frees the copy that was used longest ago of those that nobody maps.
  ///
  /// - Returns: false when there is none.
  func evictOldestCopy() -> Bool {
    for _ in 0..<cache.count {
      work.spend(Work.entry)
      guard let (lastUse, place) = cache.oldest, let session = sessions[place.session],
        let blob = session.blobs[place.id]
      else { break }
      guard memory.readers(blob.extent) > 0 else {
        removeBlob(place.id, in: session, by: nil)
        return true
      }
      let used = cache.use(place, after: lastUse)
      session.blobs.update(place.id) { $0.copy?.lastUse = used }
    }
    return false
  }

  /// Lets the copies of an object's blobs go, since the object has gone; clients that map them keep them.
  func dropCopies(of record: MetadataRecord, in session: Session) {
    guard !session.remoteCopies.isEmpty, isElsewhere(record) else { return }
    for link in record.links {
      guard case .blob(let id) = link.target else { continue }
      work.spend(Work.entry)
      if let copy = session.remoteCopies[RemoteBlob(instance: link.instance, id: id)] {
        removeBlob(copy, in: session, by: nil)
      }
    }
  }

  /// Lets the copies of what a store had go, since the store has gone.
  func dropCopies(of instance: UInt64) {
    if sessions.values.contains(where: { !$0.remoteCopies.isEmpty }) { reclaim(CopyRemoval(instance: instance)) }
  }

  // MARK: - Keeping

  /// Makes a copy the store's own, paid for by a client's volume; other blobs stay as they are.
  ///
  /// - Throws: notEnoughMemory when the volume may not have so much.
  func keepCopy(_ id: ObjectID, in session: Session, of volume: Volume?) throws(StoreError) {
    guard let charged = session.blobs[id]?.charged, isCopy(id, in: session) else { return }
    if let volume, !volume.usage.admits(charged) {
      throw shortage(charged, of: volume) ?? quotaExceeded(charged, by: volume)
    }
    session.blobs.update(id) { blob in
      forgetCopy(&blob, in: session)
      blob.usage = volume?.usage
      // Those who map it do so as the volume's own from now on.
      if let owner = session.volume {
        owner.usage.forgetCopy(blob.extent)
      } else {
        for volume in volumes.values { volume.usage.forgetCopy(blob.extent) }
      }
    }
    if let volume { charge(charged, for: id, to: volume) }
  }
}

/// Drops the copies of what a store had that has gone.
private struct CopyRemoval: StoreTask {
  let instance: UInt64

  func step(_ store: Store) -> Void? {
    // One that has registered again has its objects again.
    guard store.instances[instance] == nil else { return () }
    let first = RemoteBlob(instance: instance, id: ObjectID(0))
    for session in store.sessions.values {
      while let (original, id) = session.remoteCopies.first(from: first), original.instance == instance {
        if store.work.isSpent { return nil }
        store.removeBlob(id, in: session, by: nil)
      }
    }
    return ()
  }
}
