import StoreProtocol

/// A blob known by a name of the client's, in a plasma session.
struct PlasmaEntry {
  let blob: ObjectID
  /// Bytes, as the client declared them.
  let size: UInt64
  /// Clients that sealed or got it and have not released it.
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
    if !log.isReserved(entry.blob, in: session) { session.plasma[ExactText(id)] = nil }
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
  ///
  /// - Throws: as ``PlasmaBlobCreation/step(_:)``.
  public func createPlasmaBlob(
    _ id: String, size: UInt64, plasmaSize: UInt64, by client: Client
  ) throws(StoreError) -> PlasmaPayload {
    try PlasmaBlobCreation(id, size: size, plasmaSize: plasmaSize, by: client).finish(self)
  }

  fileprivate func requireFree(_ id: String, in session: Session) throws(StoreError) {
    try requirePlasma(session)
    if hasPlasmaEntry(id, in: session) { throw StoreError(.objectExists, "plasma blob '\(id)' already exists") }
  }

  fileprivate func name(
    _ blob: BlobPayload, _ id: String, size: UInt64, by client: Client
  ) throws(StoreError) -> PlasmaPayload {
    let entry = PlasmaEntry(blob: blob.id, size: size)
    client.session.plasma[ExactText(id)] = entry
    client.plasma.insert(ExactText(id))
    return try describe(id, entry, in: client.session)
  }

  /// Makes a plasma blob readable and counts the client as a holder.
  ///
  /// - Throws: invalid outside of plasma sessions, objectNotExists for an unknown blob.
  public func sealPlasma(_ id: String, by client: Client) throws(StoreError) {
    try requirePlasma(client.session)
    let entry = try plasmaEntry(id, in: client.session)
    try seal(entry.blob, by: client)
    hold(id, by: client)
  }

  /// Gives the client the blobs among the named ones that exist, for reading.
  ///
  /// - Throws: as ``PlasmaReading/step(_:)``.
  public func readPlasma(
    _ ids: [String], unsafe: Bool, by client: Client
  ) throws(StoreError) -> [PlasmaPayload] {
    try PlasmaReading(ids, unsafe: unsafe, by: client).finish(self)
  }

  /// - Returns: nil when there is no such blob.
  fileprivate func readable(_ id: String, unsafe: Bool, in session: Session) throws(StoreError) -> PlasmaPayload? {
    work.spend(4 * Work.entry)
    guard hasPlasmaEntry(id, in: session), let entry = session.plasma[ExactText(id)] else { return nil }
    let payload = try describe(id, entry, in: session)
    if !payload.payload.isSealed, !unsafe, entry.blob != .emptyBlob {
      throw StoreError(.objectNotSealed, "Failed to get plasma blob '\(id)'")
    }
    return payload
  }

  /// Ends a client's hold; the last one deletes the blob.
  ///
  /// - Throws: invalid outside of plasma sessions, objectNotExists for a blob that is unknown or not held.
  public func releasePlasma(_ id: String, by client: Client) throws(StoreError) {
    try requirePlasma(client.session)
    let entry = try plasmaEntry(id, in: client.session)
    guard entry.holders.contains(client.id) else {
      throw StoreError(.objectNotExists, "plasma blob '\(id)' is not referenced by this connection")
    }
    endGrant(entry.blob, of: client)
    dropHolder(of: id, by: client)
  }

  fileprivate func hold(_ id: String, by client: Client) {
    work.spend(2 * Work.entry)
    client.session.plasma.update(ExactText(id)) { _ = $0.holders.insert(client.id) }
    client.plasma.insert(ExactText(id))
  }

  private func dropHolder(of id: String, by client: Client) {
    let session = client.session
    let key = ExactText(id)
    client.plasma.remove(key)
    let isLast = session.plasma.update(key) { $0.holders.remove(client.id) != nil && $0.holders.isEmpty }
    guard isLast == true, let entry = session.plasma.removeValue(forKey: key) else { return }
    removeBlob(entry.blob, in: session, by: client)
  }

  /// Deletes a plasma blob.
  ///
  /// - Throws: invalid outside of plasma sessions, objectNotExists for an unknown blob.
  public func deletePlasma(_ id: String, by client: Client) throws(StoreError) {
    try requirePlasma(client.session)
    let entry = try plasmaEntry(id, in: client.session)
    client.session.plasma[ExactText(id)] = nil
    removeBlob(entry.blob, in: client.session, by: client)
  }

  /// Releases one of the plasma blobs a client holds, and forgets one whose blob went with it.
  ///
  /// - Returns: false when it holds none.
  func releaseOnePlasma(of client: Client) -> Bool {
    guard let key = client.plasma.popFirst() else { return false }
    dropHolder(of: key.text, by: client)
    _ = hasPlasmaEntry(key.text, in: client.session)
    return true
  }
}

/// Creates an unsealed blob under a name of the client's.
public struct PlasmaBlobCreation: StoreTask {
  private let id: String
  private let plasmaSize: UInt64
  private let client: Client
  private var creation: BlobCreation

  /// - Parameters:
  ///   - size: bytes.
  ///   - plasmaSize: bytes as the client declares them.
  public init(_ id: String, size: UInt64, plasmaSize: UInt64, by client: Client) {
    self.id = id
    self.plasmaSize = plasmaSize
    self.client = client
    creation = BlobCreation(size, by: client)
  }

  /// Makes some of the room, or the blob.
  ///
  /// - Throws: invalid outside of plasma sessions, objectExists for a name in use, notEnoughMemory.
  public mutating func step(_ store: Store) throws(StoreError) -> PlasmaPayload? {
    try store.requireFree(id, in: client.session)
    guard let blob = try creation.step(store) else { return nil }
    return try store.name(blob, id, size: plasmaSize, by: client)
  }
}

/// Finds plasma blobs by their names and gives those that exist to a client for reading; none when one of them is
/// not sealed.
public struct PlasmaReading: StoreTask {
  private let ids: [String]
  private let unsafe: Bool
  private let client: Client
  private var next = 0
  private var found: [PlasmaPayload] = []
  private var given = 0

  public init(_ ids: [String], unsafe: Bool, by client: Client) {
    self.ids = ids
    self.unsafe = unsafe
    self.client = client
  }

  /// Finds some of the blobs or gives some.
  ///
  /// - Throws: invalid outside of plasma sessions, objectNotSealed for an unsealed blob unless `unsafe`.
  public mutating func step(_ store: Store) throws(StoreError) -> [PlasmaPayload]? {
    try store.requirePlasma(client.session)
    while next < ids.count {
      if store.work.isSpent { return nil }
      if let payload = try store.readable(ids[next], unsafe: unsafe, in: client.session) { found.append(payload) }
      next += 1
    }
    while given < found.count {
      if store.work.isSpent { return nil }
      let (id, blob) = (found[given].id, found[given].payload.id)
      given += 1
      // It may be gone since it was found.
      guard store.hasPlasmaEntry(id, in: client.session) else { continue }
      store.hold(id, by: client)
      store.grantReading(blob, to: client)
    }
    return found
  }
}
