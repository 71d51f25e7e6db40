import StoreProtocol

/// A blob known by a name of the client's, in a plasma session.
struct PlasmaEntry {
  let blob: ObjectID
  /// Bytes, as the client declared them.
  let size: UInt64
  /// Connections that sealed or got it and have not released it.
  var holders: Set<UInt64> = []
}

/// A plasma blob as replies show it.
public struct PlasmaPayload {
  public let id: String
  public let size: UInt64
  public let references: Int
  public let payload: BlobPayload
}

extension Store {
  func plasmaEntry(_ id: String, in session: Session) throws(StoreError) -> PlasmaEntry {
    guard hasPlasmaEntry(id, in: session), let entry = session.plasma[ExactText(id)] else {
      throw StoreError(.objectNotExists, "plasma blob '\(id)' does not exist")
    }
    return entry
  }

  /// Whether a name is in use. One whose blob was deleted or moved away by its id is forgotten.
  func hasPlasmaEntry(_ id: String, in session: Session) -> Bool {
    guard let entry = session.plasma[ExactText(id)] else { return false }
    if entry.blob == .emptyBlob || session.blobs[entry.blob] != nil { return true }
    session.plasma[ExactText(id)] = nil
    return false
  }

  private func describe(_ id: String, _ entry: PlasmaEntry, in session: Session) throws(StoreError) -> PlasmaPayload {
    if entry.blob == .emptyBlob {
      return PlasmaPayload(id: id, size: entry.size, references: entry.holders.count, payload: .empty)
    }
    guard let blob = session.blobs[entry.blob] else { throw unknownBlob(entry.blob) }
    return PlasmaPayload(
      id: id, size: entry.size, references: entry.holders.count, payload: payload(entry.blob, blob))
  }

  func requirePlasma(_ session: Session) throws(StoreError) {
    if session.kind != .plasma { throw StoreError(.invalid, "this session is not a plasma store") }
  }

  /// Creates an unsealed blob of `size` bytes under a name of the client's.
  public func createPlasmaBlob(
    _ id: String, size: UInt64, plasmaSize: UInt64, by connection: Connection
  ) throws(StoreError) -> PlasmaPayload {
    let session = connection.session
    try requirePlasma(session)
    if hasPlasmaEntry(id, in: session) { throw StoreError(.objectExists, "plasma blob '\(id)' already exists") }
    let entry = PlasmaEntry(blob: try createBlob(size, by: connection).id, size: plasmaSize)
    session.plasma[ExactText(id)] = entry
    connection.plasma.insert(ExactText(id))
    return try describe(id, entry, in: session)
  }

  /// Makes a plasma blob readable and counts the connection as a holder.
  public func sealPlasma(_ id: String, by connection: Connection) throws(StoreError) {
    try requirePlasma(connection.session)
    let entry = try plasmaEntry(id, in: connection.session)
    try seal(entry.blob, by: connection)
    hold(id, by: connection)
  }

  /// Those of the blobs that exist, given to the connection for reading.
  public func readPlasma(
    _ ids: [String], unsafe: Bool, by connection: Connection
  ) throws(StoreError) -> [PlasmaPayload] {
    let session = connection.session
    try requirePlasma(session)
    var found: [PlasmaPayload] = []
    for id in ids {
      guard hasPlasmaEntry(id, in: session), let entry = session.plasma[ExactText(id)] else { continue }
      let payload = try describe(id, entry, in: session)
      if !payload.payload.isSealed, !unsafe, entry.blob != .emptyBlob {
        throw StoreError(.objectNotSealed, "Failed to get plasma blob '\(id)'")
      }
      found.append(payload)
    }
    for payload in found {
      hold(payload.id, by: connection)
      grantReading(payload.payload.id, to: connection)
    }
    return found
  }

  /// Ends a connection's hold; the last one deletes the blob.
  public func releasePlasma(_ id: String, by connection: Connection) throws(StoreError) {
    try requirePlasma(connection.session)
    let entry = try plasmaEntry(id, in: connection.session)
    guard entry.holders.contains(connection.id) else {
      throw StoreError(.objectNotExists, "plasma blob '\(id)' is not referenced by this connection")
    }
    endGrant(entry.blob, of: connection)
    dropHolder(of: id, by: connection)
  }

  private func hold(_ id: String, by connection: Connection) {
    connection.session.plasma.update(ExactText(id)) { _ = $0.holders.insert(connection.id) }
    connection.plasma.insert(ExactText(id))
  }

  private func dropHolder(of id: String, by connection: Connection) {
    let session = connection.session
    let key = ExactText(id)
    connection.plasma.remove(key)
    let isLast = session.plasma.update(key) { $0.holders.remove(connection.id) != nil && $0.holders.isEmpty }
    guard isLast == true, let entry = session.plasma.removeValue(forKey: key) else { return }
    removeBlob(entry.blob, in: session, by: connection)
  }

  /// Deletes a plasma blob.
  public func deletePlasma(_ id: String, by connection: Connection) throws(StoreError) {
    try requirePlasma(connection.session)
    let entry = try plasmaEntry(id, in: connection.session)
    connection.session.plasma[ExactText(id)] = nil
    removeBlob(entry.blob, in: connection.session, by: connection)
  }

  /// Releases one of the plasma blobs a connection holds, and forgets one whose blob went with it.
  ///
  /// - Returns: false when it holds none.
  func releaseOnePlasma(of connection: Connection) -> Bool {
    guard let key = connection.plasma.popFirst() else { return false }
    dropHolder(of: key.text, by: connection)
    _ = hasPlasmaEntry(key.text, in: connection.session)
    return true
  }
}
