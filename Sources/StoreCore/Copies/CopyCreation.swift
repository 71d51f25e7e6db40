import StoreProtocol

/// Makes room for copies of blobs of other stores, for all or for none.
///
/// First other copies go that nobody maps, then what was deleted longest ago of what clients still map.
public struct CopyCreation: StoreTask {
  private let blobs: [(original: RemoteBlob, size: UInt64)]
  private let session: Session
  private var made: [IncomingCopy] = []
  private var isAdmitted = false

  /// - Parameter blobs: with their sizes in bytes.
  public init(_ blobs: [(original: RemoteBlob, size: UInt64)], in session: Session) {
    self.blobs = blobs
    self.session = session
  }

  /// - Throws: notEnoughMemory; then no room is taken.
  public mutating func step(_ store: Store) throws(StoreError) -> [IncomingCopy]? {
    do throws(StoreError) {
      if !isAdmitted { try admit(store) }
      while made.count < blobs.count {
        if store.work.isSpent { return nil }
        store.work.spend(Work.item)
        let (original, size) = blobs[made.count]
        if let copy = take(original, size, store) {
          made.append(copy)
        } else if !makeRoom(for: max(size, 1), store) {
          throw refusal(of: size, store)
        }
      }
    } catch {
      for copy in made { store.finish(copy, isComplete: false) }
      throw error
    }
    return made
  }

  /// Gives back what is made when nobody waits for it any more.
  public func takeBack(_ store: Store) {
    for copy in made { store.finish(copy, isComplete: false) }
  }

  private mutating func admit(_ store: Store) throws(StoreError) {
    var total: UInt64 = 0
    for (_, size) in blobs {
      let (sum, overflow) = total.addingReportingOverflow(size)
      guard !overflow, sum <= store.cache.limit else { throw refusal(of: sum, store) }
      total = sum
    }
    if let volume = session.volume, total > store.copyLimit(of: volume) {
      throw store.copiesExceeded(total, by: volume)
    }
    isAdmitted = true
  }

  private func take(_ original: RemoteBlob, _ size: UInt64, _ store: Store) -> IncomingCopy? {
    let charged = max(size, 1)
    guard store.cache.bytes + charged <= store.cache.limit,
      let extent = store.memory.allocate(charged, for: session.id, in: session.tenant)
    else { return nil }
    store.resumePopulating()
    store.cache.bytes += charged
    let offset = store.memory.range(extent).offset
    let copy = IncomingCopy(
      original: original, session: session.id, number: store.cache.newNumber(), extent: extent,
      range: ByteRange(offset: offset, length: size))
    store.cache.incoming[copy.number] = copy
    return copy
  }

  /// - Returns: false when nothing more can be done.
  private func makeRoom(for size: UInt64, _ store: Store) -> Bool {
    if store.isReclaiming {
      store.reclaim()
      return true
    }
    if store.evictOldestCopy() { return true }
    guard store.cache.bytes + size <= store.cache.limit, store.memory.couldFit(size) else { return false }
    return store.takeBackOldest()
  }

  private func refusal(of size: UInt64, _ store: Store) -> StoreError {
    StoreError(
      .notEnoughMemory,
      "no room for a copy of \(size) bytes of another store: copies may take \(store.cache.limit) bytes and have "
        + "\(store.cache.bytes), \(store.memory.used) of \(store.memory.limit) are in use; clients keep what they map")
  }
}
