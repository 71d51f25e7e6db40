import StoreProtocol

/// Grants of blobs to connections, and their end.
extension Store {
  func grantReading(_ id: ObjectID, to client: Client) {
    work.spend(2 * Work.entry)
    guard let blob = client.session.blobs[id] else { return }
    clearSuspicion(CollectionOfOne(id), in: client.session)
    guard grant(id, blob.extent, to: client, isPinned: client.releasesBlobs), blob.copy != nil else { return }
    client.volume?.usage.map(blob.extent, blob.charged)
  }

  /// Gives an extent to a client under an id.
  ///
  /// - Returns: whether it had not been given that before.
  @discardableResult
  func grant(_ id: ObjectID, _ extent: ExtentID, to client: Client, isPinned: Bool) -> Bool {
    var isNew = true
    if let given = client.reading[id] {
      if given.extent == extent, given.isPinned || !isPinned { return false }
      if given.extent == extent {
        memory.removeReader(extent, by: client.id)
        isNew = false
      } else {
        client.staleGrants.append((id, given))
      }
    }
    client.reading[id] = Grant(extent: extent, isPinned: isPinned)
    memory.addReader(extent, by: client.id, isPinned: isPinned)
    return isNew
  }

  /// Ends a client's newest grant under an id.
  ///
  /// - Returns: whether there was anything.
  @discardableResult
  func endGrant(_ id: ObjectID, of client: Client) -> Bool {
    work.spend(client.staleGrants.count)
    guard let grant = client.takeNewest(id) else { return false }
    end(grant, of: client)
    return true
  }

  /// Ends a client's grant of a blob that it deletes, unless it releases blobs itself.
  func endGrant(_ id: ObjectID, _ extent: ExtentID, of client: Client) {
    guard let grant = client.reading[id], grant.extent == extent, !grant.isPinned else { return }
    endGrant(id, of: client)
  }

  func end(_ grant: Grant, of client: Client) {
    // One of many grants of the same bytes has to be looked for.
    work.spend(memory.readers(grant.extent) / 4)
    memory.removeReader(grant.extent, by: client.id, isPinned: grant.isPinned)
    client.volume?.usage.unmap(grant.extent)
  }

  /// Ends what a client was given of blobs that are deleted by now, unless it releases blobs itself.
  public func endStaleGrants(of client: Client) { StaleGrants(of: client).finish(self) }

  // MARK: - Sending

  /// Keeps the bytes of blobs as they are while they are sent to a client.
  public func beginSending(_ ids: [ObjectID], to client: Client) {
    for id in ids {
      work.spend(2 * Work.entry)
      guard let extent = client.session.blobs[id]?.extent, client.sending.insert(extent) else { continue }
      memory.addReader(extent, by: client.id, isPinned: true)
    }
    endLookup(of: client)
  }

  /// Ends what ``beginSending(_:to:)`` began, in steps.
  public func endSending(to client: Client) {
    let sent = client.sending
    client.sending = SortedSet()
    reclaim(EndOfSending(sent: sent, client: client.id))
  }

  /// Ends the sending of one extent; false when nothing is being sent.
  func endOneSending(to client: Client) -> Bool {
    guard let extent = client.sending.popFirst() else { return false }
    memory.removeReader(extent, by: client.id, isPinned: true)
    return true
  }

  // MARK: - Taking back

  /// Memory taken back from connections that still map it.
  public struct Reuse: Sendable, Equatable {
    public var blobs = 0
    /// Bytes.
    public var bytes: UInt64 = 0
    /// Names of clients that held it, not necessarily all.
    public var holders: Set<String> = []

    public init() {}
  }

  /// Takes the record of memory taken back since the last call.
  public func takeReuse() -> Reuse {
    defer { reuse = Reuse() }
    return reuse
  }

  /// Whether the bytes of a blob may be taken back once it is deleted.
  func reusesDeleted(_ blob: Blob) -> Bool {
    blob.usage?.reusesDeleted ?? (configuration.deletedMemory == .reuse)
  }

  /// Takes bytes back from clients that map them: the blob deleted longest ago among those that may be used again.
  ///
  /// - Returns: false when there is nothing.
  func takeBackOldest() -> Bool {
    guard let oldest = memory.oldestReusable else { return false }
    takeBack(oldest)
    return true
  }

  private func takeBack(_ extent: ExtentID) {
    let (holders, blob, bytes) = memory.reclaim(extent)
    reuse.blobs += 1
    reuse.bytes += bytes
    work.spend((1 + holders.count) * Work.entry)
    for holder in holders {
      guard let client = clients[holder] else { continue }
      work.spend(client.forget(extent, of: blob))
      client.volume?.usage.unmap(extent)
      if reuse.holders.count < 3 { reuse.holders.insert(client.label) }
    }
  }
}

extension Client {
  /// Takes out the newest grant under an id; the one before it, of other bytes, comes to be the newest.
  fileprivate func takeNewest(_ id: ObjectID) -> Grant? {
    guard let newest = reading.removeValue(forKey: id) else { return nil }
    if let index = staleGrants.lastIndex(where: { $0.id == id }) { reading[id] = staleGrants.remove(at: index).grant }
    return newest
  }

  /// Drops one grant of an extent that was taken back.
  ///
  /// - Returns: units of work, which is more when the blob had another id when it was given.
  fileprivate func forget(_ extent: ExtentID, of blob: ObjectID) -> Int {
    if reading[blob]?.extent == extent {
      _ = takeNewest(blob)
      return staleGrants.count
    } else if let index = staleGrants.firstIndex(where: { $0.grant.extent == extent }) {
      staleGrants.remove(at: index)
      return staleGrants.count
    } else if let id = reading.first(where: { $0.value.extent == extent })?.key {
      _ = takeNewest(id)
      return staleGrants.count + 4 * reading.count
    }
    return 0
  }
}

/// Lets go of extents that were sent to a client.
private struct EndOfSending: StoreTask {
  var sent: SortedSet<ExtentID>
  let client: UInt64

  mutating func step(_ store: Store) -> Void? {
    while let extent = sent.popFirst() {
      store.work.spend(Work.entry)
      store.memory.removeReader(extent, by: client, isPinned: true)
      if store.work.isSpent { return nil }
    }
    return ()
  }
}

/// Ends what a client was given of blobs that are deleted by now, unless it releases blobs itself.
public struct StaleGrants: StoreTask {
  public typealias Failure = Never

  private let client: Client
  private var next: ObjectID? = ObjectID(0)
  private var areStaleGrantsDone = false

  public init(of client: Client) { self.client = client }

  public mutating func step(_ store: Store) -> Void? {
    while let first = next, let (id, grant) = client.reading.first(from: first) {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      // An older one under the same id takes the place of one that ends.
      if !grant.isPinned, store.memory.isRetained(grant.extent), store.endGrant(id, of: client) { continue }
      next = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
    }
    next = nil
    if areStaleGrantsDone { return () }
    areStaleGrantsDone = true
    let staleGrants = client.staleGrants
    store.work.spend(staleGrants.count * 32)
    client.staleGrants = staleGrants.filter { $0.grant.isPinned || !store.memory.isRetained($0.grant.extent) }
    for (_, grant) in staleGrants where !grant.isPinned && store.memory.isRetained(grant.extent) {
      store.end(grant, of: client)
    }
    return ()
  }
}
