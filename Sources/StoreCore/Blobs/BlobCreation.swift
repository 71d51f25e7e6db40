import StoreProtocol

/// Creates an unsealed blob that a client may write; size 0 gives the empty blob.
///
/// Where there is no room it is made in steps: by finishing the reclaiming under way, then by deleting remains of
/// failed puts and replaced objects, then by taking back the oldest deleted blobs that clients still map.
public struct BlobCreation: StoreTask {
  private let size: UInt64
  private let client: Client
  /// Whether memory of deleted blobs may be taken back for it.
  private let reuses: Bool

  public init(_ size: UInt64, by client: Client, reuses: Bool = true) {
    self.size = size
    self.client = client
    self.reuses = reuses
  }

  /// - Throws: notEnoughMemory.
  public mutating func step(_ store: Store) throws(StoreError) -> BlobPayload? {
    if size == 0 { return .empty }
    repeat {
      store.work.spend(Work.item)
      if let payload = store.createBlobIfRoom(size, by: client) { return payload }
      guard makeRoom(store) else { throw store.refusal(of: size, by: client) }
    } while !store.work.isSpent
    return nil
  }

  /// - Returns: false when nothing more can be done.
  private func makeRoom(_ store: Store) -> Bool {
    if store.isReclaiming {
      store.reclaim()
      return true
    }
    if store.removeOneLeftOver(in: client.session) { return true }
    guard store.admits(size, by: client) else { return false }
    if store.evictOldestCopy() { return true }
    guard reuses, store.memory.couldFit(size) else { return false }
    return store.takeBackOldest()
  }
}

/// Creates several blobs, all or none.
public struct BlobsCreation: StoreTask {
  private let sizes: [UInt64]
  private let client: Client
  private var payloads: [BlobPayload] = []
  private var creation: BlobCreation?
  /// Whether memory of deleted blobs may be taken back; nil before it was looked at.
  private var reuses: Bool?

  public init(_ sizes: [UInt64], by client: Client) {
    self.sizes = sizes
    self.client = client
  }

  /// - Throws: notEnoughMemory; then none of them is there.
  public mutating func step(_ store: Store) throws(StoreError) -> [BlobPayload]? {
    let reuses = reuses ?? couldFit(store)
    if payloads.isEmpty, creation == nil, let shortage = shortage(store) { throw shortage }
    while payloads.count < sizes.count {
      if store.work.isSpent { return nil }
      var creation = creation ?? BlobCreation(sizes[payloads.count], by: client, reuses: reuses)
      do throws(StoreError) {
        guard let payload = try creation.step(store) else {
          self.creation = creation
          return nil
        }
        self.creation = nil
        payloads.append(payload)
      } catch {
        store.takeBack(payloads.map(\.id), by: client)
        throw error
      }
    }
    return payloads
  }

  /// The error of blobs for all of which this store asks others first; nil when it need not.
  private func shortage(_ store: Store) -> StoreError? {
    guard let volume = client.volume, volume.usage.granted != nil else { return nil }
    return store.shortage(total, of: volume)
  }

  private var total: UInt64 { sizes.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 } }

  /// Checks that all blobs can be had together, so that nothing is taken from anybody when they cannot.
  private mutating func couldFit(_ store: Store) -> Bool {
    payloads.reserveCapacity(sizes.count)
    store.work.spend(sizes.count)
    let total = total
    let fits = store.memory.couldFit(total - min(total, store.cache.bytes))
    reuses = fits
    return fits
  }
}

extension Store {
  /// Creates an unsealed blob that `client` may write, at once.
  ///
  /// - Throws: notEnoughMemory.
  public func createBlob(_ size: UInt64, by client: Client) throws(StoreError) -> BlobPayload {
    try BlobCreation(size, by: client).finish(self)
  }

  /// Creates several blobs at once, all or none.
  ///
  /// - Throws: notEnoughMemory.
  public func createBlobs(_ sizes: [UInt64], by client: Client) throws(StoreError) -> [BlobPayload] {
    try BlobsCreation(sizes, by: client).finish(self)
  }

  /// Creates an unsealed blob for a client that may need it soon, if nothing has to make room for it or wait.
  ///
  /// - Parameter size: above zero.
  public func createBlobAtHand(_ size: UInt64, by client: Client) -> BlobPayload? {
    guard size > 0 else { return nil }
    work.spend(Work.item)
    return createBlobIfRoom(size, by: client)
  }

  /// Removes a blob that a client was given and has not sealed; nothing happens when it has.
  public func dropUnsealed(_ id: ObjectID, by client: Client) {
    if client.writing.contains(id) { removeBlob(id, in: client.session, by: client) }
  }

  /// Whether the volume of a client, if it is one's, allows it so much.
  ///
  /// What its clients still map of deleted blobs counts, too, where it has files of its own.
  func admits(_ size: UInt64, by client: Client) -> Bool {
    guard let volume = client.volume else { return true }
    return volume.usage.admits(size, besides: retained(by: volume))
  }

  /// Bytes of deleted blobs that clients of a volume map, where they are counted.
  public func retained(by volume: Volume) -> UInt64 { memory.retained(by: volume.session.tenant) }

  /// - Returns: nil when there is no room now.
  func createBlobIfRoom(_ size: UInt64, by client: Client) -> BlobPayload? {
    let session = client.session
    guard admits(size, by: client), let extent = memory.allocate(size, for: session.id, in: session.tenant)
    else { return nil }
    resumePopulating()
    let id = freshBlobID(in: session)
    let volume = client.volume
    let blob = Blob(
      extent: extent, offset: memory.range(extent).offset, size: size, charged: size, isSealed: false,
      writer: client, usage: volume?.usage)
    session.blobs[id] = blob
    if let volume { charge(size, for: id, to: volume) }
    client.writing.insert(id)
    return payload(id, blob)
  }

  /// Whether a client may write to a memory file; nil when it may not even read it.
  public func mayWrite(_ file: Int, _ client: Client) -> Bool? {
    memory.mayWrite(file, client.session.tenant).map { $0 && !client.isReadOnly }
  }

  func payload(_ id: ObjectID, _ blob: Blob) -> BlobPayload {
    let file = memory.place(of: blob.extent)
    return BlobPayload(
      id: id, fileKey: file.key, offset: blob.offset, size: blob.size, mappingLength: file.length,
      isSealed: blob.isSealed, fileStart: file.start)
  }

  /// The pages a blob needs; nil for the empty and unknown blobs.
  public func range(of id: ObjectID, in session: Session) -> ByteRange? {
    session.blobs[id].map { ByteRange(offset: $0.offset, length: $0.size) }
  }

  /// Notes that there is no room for a blob.
  ///
  /// - Returns: the payload for its creator.
  func refusal(of size: UInt64, by client: Client) -> StoreError {
    if let volume = client.volume, let shortage = shortage(size, of: volume) { return shortage }
    suspectUnfinished(of: client)
    guard let volume = client.volume else { return notEnoughMemory(size, by: client) }
    volume.usage.wasRefused = true
    return admits(size, by: client) ? notEnoughMemory(size, by: client) : quotaExceeded(size, by: volume, for: client)
  }
}
