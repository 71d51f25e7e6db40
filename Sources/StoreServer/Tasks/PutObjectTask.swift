import JSON
import StoreCore
import StoreProtocol

/// put_object: seals blobs, creates an object, makes it persistent and names it; and reserves a blob for the next one.
///
/// The parts are those of the requests of 0.24.2, in the order in which a client would send them.
struct PutObjectTask: RequestTask {
  private var seals: NumberListReader?
  private var sealing: [ObjectID] = []
  private var sealed = 0
  private var reader: MetadataReader
  private let persists: Bool
  private let name: String?
  /// Bytes of the blob that the client would like to have for its next object.
  private let reserve: UInt64
  private let connection: Connection
  private var creation: ObjectCreation?
  private var created: CreatedObject?
  private var persisting: Persisting?
  /// Whether freeing the documents takes long.
  private let isLong: Bool

  /// - Throws: invalid for a field of the wrong type.
  init(_ message: RequestMessage, _ content: JSONSpan, for connection: Connection) throws(StoreError) {
    reader = MetadataReader(message.bytes, content)
    seals = message.span("seals") == nil ? nil : try NumberListReader(message, "seals", "blobs")
    persists = try message.boolean("persist", default: false)
    name = message.span("name") == nil ? nil : try message.newName("name")
    reserve = message.span("reserve") == nil ? 0 : try message.byteCount("reserve")
    isLong = message.bytes.count > StoreServer.longFrame
    self.connection = connection
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    do throws(StoreError) {
      let disposition = try advance(handler)
      if disposition != nil { dispose(handler.store) }
      return disposition
    } catch {
      dispose(handler.store)
      throw error
    }
  }

  private mutating func advance(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let (store, client) = (handler.store, connection.client)
    guard try seal(store) else { return nil }
    if created == nil {
      if creation == nil {
        guard try store.read(&reader) else { return nil }
        creation = ObjectCreation(reader.takeAll(), by: client)
      }
      created = try creation?.step(store)?.first
    }
    guard let created else { return nil }
    if persists {
      if persisting == nil { persisting = try Persisting(created.id, by: client, in: store) }
      guard persisting?.step(store) != nil else { return nil }
    }
    if let name { try store.putName(name, to: created.id, by: client) }
    return handler.answer(created, reserving: reserve, for: connection)
  }

  /// - Returns: whether all blobs are sealed.
  private mutating func seal(_ store: Store) throws(StoreError) -> Bool {
    if var seals {
      self.seals = nil
      guard try store.read(&seals) else {
        self.seals = seals
        return false
      }
      sealing = seals.takeIDs()
    }
    while sealed < sealing.count {
      if store.work.isSpent { return false }
      try store.seal(sealing[sealed], by: connection.client)
      sealed += 1
    }
    return true
  }

  private mutating func dispose(_ store: Store) {
    guard isLong else { return }
    store.reclaimLater(DocumentDisposal(creation?.takeDocuments() ?? reader.takeAll()))
  }

  func abandoned() -> (any StoreTask<Void, Never>)? {
    // What was made stays, as it does when a client goes between two requests.
    if let creation, created == nil { return TakingBack(creation) }
    var reader = reader
    return isLong ? DocumentDisposal(reader.takeAll()) : nil
  }
}

extension RequestHandler {
  func putObject(_ connection: Connection) throws(StoreError) -> Disposition {
    guard let content = message.span("content"), content.kind == .object else { throw MetadataDocument.notAnObject }
    return try start(PutObjectTask(message, content, for: connection))
  }

  /// Writes the reply, with a blob for the next object where one is at hand.
  func answer(_ created: CreatedObject, reserving size: UInt64, for connection: Connection) -> Disposition {
    let payload = reserveBlob(size, for: connection)
    let sendsArena = payload.map { announceArena(to: connection, $0) } ?? false
    reply.frame {
      if let payload {
        $0.field("created", payload)
        appendDescriptor(sendsArena, payload)
      }
      $0.field("id", created.id.rawValue)
      $0.field("instance_id", created.instance)
      $0.field("signature", created.signature)
      $0.type("put_object_reply")
    }
    return .send(arena: sendsArena)
  }

  /// Bytes of the largest blob that is reserved.
  private static let largestReserve: UInt64 = 64 << 10

  /// Gives a client a blob for what it puts next, which it seals or drops like one that it has asked for by itself; nil
  /// when one would have to be waited for.
  private func reserveBlob(_ size: UInt64, for connection: Connection) -> BlobPayload? {
    guard connection.kind == .ipc, size <= Self.largestReserve,
      let payload = store.createBlobAtHand(size, by: connection.client)
    else { return nil }
    for range in store.takeShortTraces() { files?.zero(range) }
    guard store.memory.residency.isWarm(ByteRange(offset: payload.offset, length: payload.size)) else {
      store.dropUnsealed(payload.id, by: connection.client)
      return nil
    }
    return payload
  }
}
