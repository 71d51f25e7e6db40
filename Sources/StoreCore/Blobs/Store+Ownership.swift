import JSON
import StoreProtocol

/// Name of a blob in one of the two stores of an ownership move.
public enum BlobName: Hashable, CustomStringConvertible {
  case id(ObjectID)
  case plasma(String)

  public var description: String {
    switch self {
    case .id(let id): "blob \(id)"
    case .plasma(let name): "plasma blob '\(name)'"
    }
  }
}

extension Store {
  /// Moves sealed blobs of another session into the client's, under new names, without copying.
  ///
  /// Readers of the old session keep what they were given. A move within one session renames.
  ///
  /// - Throws: invalid for an unknown session or an id that no blob can get, objectExists for a name in use,
  ///   objectNotExists for unknown blobs, objectNotSealed for unsealed ones, notImplemented for a move into a volume or
  ///   out of one; nothing is moved then.
  public func moveOwnership(
    _ pairs: [(from: BlobName, to: BlobName)], from sourceID: UInt64, by client: Client
  ) throws(StoreError) {
    try OwnershipMove(pairs, from: sourceID, by: client).finish(self)
  }

  fileprivate func blobID(_ name: BlobName, in session: Session) throws(StoreError) -> ObjectID {
    switch name {
    case .id(let id): return id
    case .plasma(let plasma): return try plasmaEntry(plasma, in: session).blob
    }
  }

  fileprivate func requireUnused(_ name: BlobName, in session: Session) throws(StoreError) {
    switch name {
    case .id(let id):
      guard id.isBlob, id != .emptyBlob else { throw StoreError(.invalid, "\(id) is not the id of a blob") }
      if session.blobs[id] != nil || log.isReserved(id, in: session) {
        throw StoreError(.objectExists, "blob \(id) already exists")
      }
      guard !ids.isAhead(id, now: now) else {
        throw StoreError(.invalid, "the id \(id) is ahead of time: a new blob will get it")
      }
    case .plasma(let plasma):
      try requirePlasma(session)
      if hasPlasmaEntry(plasma, in: session) {
        throw StoreError(.objectExists, "plasma blob '\(plasma)' already exists")
      }
    }
  }

  fileprivate func move(
    _ from: BlobName, in source: Session, to: BlobName, by client: Client
  ) throws(StoreError) {
    let id = try blobID(from, in: source)
    guard var blob = source.removeBlob(id, self) else { return }
    endSealing(&blob, in: source)
    if source !== client.session {
      blob.usage?.refund(blob.charged, for: id)
      blob.usage = nil
    }
    if case .plasma(let name) = from { source.plasma[ExactText(name)] = nil }
    switch to {
    case .id(let newID):
      blob.usage?.rename(id, to: newID)
      client.session.blobs[newID] = blob
      note(.object(session: client.session.id, newID))
    case .plasma(let name):
      let newID = freshBlobID(in: client.session)
      blob.usage?.rename(id, to: newID)
      client.session.blobs[newID] = blob
      note(.object(session: client.session.id, newID))
      client.session.plasma[ExactText(name)] = PlasmaEntry(blob: newID, size: blob.size, holders: [client.id])
      client.plasma.insert(ExactText(name))
    }
  }
}

/// Moves sealed blobs of another session into a client's, under new names, in steps.
///
/// All are looked at before the first one is moved. Blobs that others delete meanwhile count as moved and deleted.
public struct OwnershipMove: StoreTask {
  private let pairs: [(from: BlobName, to: BlobName)]
  private let sourceID: UInt64
  private let client: Client
  private var checked = 0
  private var moved = 0
  private var leaving: Set<ObjectID> = []
  private var arriving: Set<BlobName> = []

  public init(_ pairs: [(from: BlobName, to: BlobName)], from sourceID: UInt64, by client: Client) {
    self.pairs = pairs
    self.sourceID = sourceID
    self.client = client
  }

  /// Checks some of the blobs or moves some.
  ///
  /// - Throws: as ``Store/moveOwnership(_:from:by:)``, before anything is moved; later only when the session is gone or
  ///   somebody has taken a name meanwhile.
  public mutating func step(_ store: Store) throws(StoreError) -> Void? {
    let source = try source(store)
    while checked < pairs.count {
      if store.work.isSpent { return nil }
      store.work.spend(4 * Work.entry)
      try check(pairs[checked], source, store)
      checked += 1
    }
    while moved < pairs.count {
      if store.work.isSpent { return nil }
      store.work.spend(2 * Work.item)
      let pair = pairs[moved]
      moved += 1
      guard let id = try? store.blobID(pair.from, in: source), source.blobs.contains(id) else { continue }
      try store.requireUnused(pair.to, in: client.session)
      try store.move(pair.from, in: source, to: pair.to, by: client)
    }
    return ()
  }

  private func source(_ store: Store) throws(StoreError) -> Session {
    guard let source = store.sessions[sourceID] else {
      throw StoreError(.invalid, "Session (sid = \(HexText.string(prefix: UInt8(ascii: "S"), sourceID))) not exit")
    }
    guard source === client.session || source.volume == nil && client.volume == nil else {
      throw StoreError(.notImplemented, "blobs cannot be moved into a volume or out of one: write them there instead")
    }
    return source
  }

  private mutating func check(
    _ pair: (from: BlobName, to: BlobName), _ source: Session, _ store: Store
  ) throws(StoreError) {
    let id = try store.blobID(pair.from, in: source)
    guard let blob = source.blobs[id], leaving.insert(id).inserted else { throw store.unknownBlob(id) }
    guard blob.isSealed else { throw StoreError(.objectNotSealed, "blob \(id) is not sealed") }
    try store.requireUnused(pair.to, in: client.session)
    guard arriving.insert(pair.to).inserted else {
      throw StoreError(.objectExists, "two blobs cannot both become \(pair.to)")
    }
  }
}
