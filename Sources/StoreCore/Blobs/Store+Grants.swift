import StoreProtocol

/// Grants of blobs to connections, and their end.
extension Store {
  func grantReading(_ id: ObjectID, to connection: Connection) {
    work.spend(2 * Work.entry)
    guard let blob = connection.session.blobs[id] else { return }
    clearSuspicion(CollectionOfOne(id), in: connection.session)
    grant(id, blob.extent, to: connection, isPinned: connection.releasesBlobs)
  }

  /// Gives an extent to a connection under an id.
  func grant(_ id: ObjectID, _ extent: ExtentID, to connection: Connection, isPinned: Bool) {
    if let given = connection.reading[id] {
      if given.extent == extent, given.isPinned || !isPinned { return }
      if given.extent == extent {
        memory.removeReader(extent, by: connection.id)
      } else {
        connection.outlived.append(given)
      }
    }
    connection.reading[id] = Grant(extent: extent, isPinned: isPinned)
    memory.addReader(extent, by: connection.id, isPinned: isPinned)
  }

  /// Ends a connection's grant under an id.
  ///
  /// - Returns: whether there was anything.
  @discardableResult
  func endGrant(_ id: ObjectID, of connection: Connection) -> Bool {
    guard let grant = connection.reading.removeValue(forKey: id) else { return false }
    end(grant, of: connection)
    return true
  }

  /// Ends a connection's grant of a blob that it deletes, unless it releases blobs itself.
  func endGrant(_ id: ObjectID, _ extent: ExtentID, of connection: Connection) {
    guard let grant = connection.reading[id], grant.extent == extent, !grant.isPinned else { return }
    endGrant(id, of: connection)
  }

  func end(_ grant: Grant, of connection: Connection) {
    // One of many grants of the same bytes has to be looked for.
    work.spend(memory.readers(grant.extent) / 4)
    memory.removeReader(grant.extent, by: connection.id, isPinned: grant.isPinned)
  }

  /// Ends what a connection was given of blobs that are deleted by now, unless it releases blobs itself.
  public func endStaleGrants(of connection: Connection) { StaleGrants(of: connection).finish(self) }

  // MARK: - Sending

  /// Keeps the bytes of blobs as they are while they are sent to a connection.
  public func beginSending(_ ids: [ObjectID], to connection: Connection) {
    for id in ids {
      work.spend(2 * Work.entry)
      guard let extent = connection.session.blobs[id]?.extent, connection.sending.insert(extent) else { continue }
      memory.addReader(extent, by: connection.id, isPinned: true)
    }
    endLookup(of: connection)
  }

  /// Ends what ``beginSending(_:to:)`` began, in steps.
  public func endSending(to connection: Connection) {
    let sent = connection.sending
    connection.sending = SortedSet()
    reclaim(EndOfSending(sent: sent, connection: connection.id))
  }

  /// Ends the sending of one extent; false when nothing is being sent.
  func endOneSending(to connection: Connection) -> Bool {
    guard let extent = connection.sending.popFirst() else { return false }
    memory.removeReader(extent, by: connection.id, isPinned: true)
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
    blob.account?.reusesDeleted ?? (configuration.deletedMemory == .reuse)
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
      if reuse.holders.count < 3 { reuse.holders.insert(client.label) }
    }
  }
}

extension Connection {
  /// Drops one grant of an extent that was taken back.
  ///
  /// - Returns: units of work, which is more when the blob had another id when it was given.
  fileprivate func forget(_ extent: ExtentID, of blob: ObjectID) -> Int {
    if reading[blob]?.extent == extent {
      reading[blob] = nil
    } else if let index = outlived.firstIndex(where: { $0.extent == extent }) {
      outlived.remove(at: index)
      return outlived.count
    } else if let id = reading.first(where: { $0.value.extent == extent })?.key {
      reading[id] = nil
      return outlived.count + 4 * reading.count
    }
    return 0
  }
}

/// Lets go of extents that were sent to a connection.
private struct EndOfSending: StoreTask {
  var sent: SortedSet<ExtentID>
  let connection: UInt64

  mutating func step(_ store: Store) -> Void? {
    while let extent = sent.popFirst() {
      store.work.spend(Work.entry)
      store.memory.removeReader(extent, by: connection, isPinned: true)
      if store.work.isSpent { return nil }
    }
    return ()
  }
}

/// Ends what a connection was given of blobs that are deleted by now, unless it releases blobs itself.
public struct StaleGrants: StoreTask {
  public typealias Failure = Never

  private let connection: Connection
  private var next: ObjectID? = ObjectID(0)
  private var areOutlivedDone = false

  public init(of connection: Connection) { self.connection = connection }

  public mutating func step(_ store: Store) -> Void? {
    while let first = next, let (id, grant) = connection.reading.first(from: first) {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      next = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
      if !grant.isPinned, store.memory.isLingering(grant.extent) { store.endGrant(id, of: connection) }
    }
    next = nil
    if areOutlivedDone { return () }
    areOutlivedDone = true
    let outlived = connection.outlived
    store.work.spend(outlived.count * 32)
    connection.outlived = outlived.filter { $0.isPinned || !store.memory.isLingering($0.extent) }
    for grant in outlived where !grant.isPinned && store.memory.isLingering(grant.extent) {
      store.end(grant, of: connection)
    }
    return ()
  }
}
