import JSON
import StoreProtocol

/// What a blob is called in one of the two stores of an ownership move.
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
  /// Moves sealed blobs of another session into the connection's, under new names, without copying.
  ///
  /// Readers of the old session keep what they were given. A move within one session renames.
  /// - Throws: invalid for an unknown session or a name in use, objectNotExists for unknown blobs; nothing is moved
  ///   then.
  public func moveOwnership(
    _ pairs: [(from: BlobName, to: BlobName)], from sourceID: UInt64, by connection: Connection
  ) throws(StoreError) {
    guard let source = sessions[sourceID] else {
      throw StoreError(.invalid, "Session (sid = \(HexText.string(prefix: UInt8(ascii: "S"), sourceID))) not exit")
    }
    let target = connection.session
    guard source === target || source.volume == nil && connection.volume == nil else {
      throw StoreError(.notImplemented, "blobs cannot be moved into a volume or out of one: write them there instead")
    }
    var leaving: Set<ObjectID> = []
    var arriving: Set<BlobName> = []
    for pair in pairs {
      let id = try blobID(pair.from, in: source)
      guard let blob = source.blobs[id], leaving.insert(id).inserted else { throw unknownBlob(id) }
      guard blob.isSealed else { throw StoreError(.objectNotSealed, "blob \(id) is not sealed") }
      try requireUnused(pair.to, in: target)
      guard arriving.insert(pair.to).inserted else {
        throw StoreError(.objectExists, "two blobs cannot both become \(pair.to)")
      }
    }
    for pair in pairs { try move(pair.from, in: source, to: pair.to, by: connection) }
  }

  private func blobID(_ name: BlobName, in session: Session) throws(StoreError) -> ObjectID {
    switch name {
    case .id(let id): return id
    case .plasma(let plasma): return try plasmaEntry(plasma, in: session).blob
    }
  }

  private func requireUnused(_ name: BlobName, in session: Session) throws(StoreError) {
    switch name {
    case .id(let id):
      guard id.isBlob, id != .emptyBlob else { throw StoreError(.invalid, "\(id) is not the id of a blob") }
      if session.blobs[id] != nil { throw StoreError(.objectExists, "blob \(id) already exists") }
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

  private func move(
    _ from: BlobName, in source: Session, to: BlobName, by connection: Connection
  ) throws(StoreError) {
    work.spend(2 * Work.item)
    let id = try blobID(from, in: source)
    guard var blob = source.blobs.removeValue(forKey: id) else { return }
    endSealing(&blob, in: source)
    if source !== connection.session {
      blob.account?.refund(blob.charged, for: id)
      blob.account = nil
    }
    if case .plasma(let name) = from { source.plasma[ExactText(name)] = nil }
    switch to {
    case .id(let newID):
      blob.account?.rename(id, to: newID)
      connection.session.blobs[newID] = blob
      note(.object(session: connection.session.id, newID))
    case .plasma(let name):
      let newID = freshBlobID(in: connection.session)
      blob.account?.rename(id, to: newID)
      connection.session.blobs[newID] = blob
      note(.object(session: connection.session.id, newID))
      connection.session.plasma[ExactText(name)] = PlasmaEntry(blob: newID, size: blob.size, holders: [connection.id])
      connection.plasma.insert(ExactText(name))
    }
  }
}
