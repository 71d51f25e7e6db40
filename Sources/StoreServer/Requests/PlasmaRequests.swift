import JSON
import StoreCore
import StoreProtocol

/// Plasma sessions, and blobs that change their session.
extension RequestHandler {
  fileprivate func append(_ blob: PlasmaPayload) {
    reply.append(blob.payload, plasmaID: blob.id, plasmaSize: blob.size, referenceCount: blob.references)
  }

  /// Blobs that one request may get by plasma ids or move.
  private static let mostBlobs = 1 << 14

  private func requireFew(_ count: Int) throws(StoreError) {
    if count > Self.mostBlobs {
      throw StoreError(.invalid, "such a request may name \(Self.mostBlobs) blobs, this one names \(count)")
    }
  }

  func createBufferByPlasma(_ connection: Connection) throws(StoreError) -> Disposition {
    let creation = PlasmaBlobCreation(
      try message.string("plasma_id"), size: try message.integer("size"),
      plasmaSize: try message.integer("plasma_size"), by: connection.client)
    return try start(creation) { (handler, blob) in
      let sendsArena = handler.announceArena(to: connection, blob.payload)
      handler.writeCreated(blob, sendsArena: sendsArena)
      return handler.whenWarm(blob.payload, for: connection, sendsArena: sendsArena)
    }
  }

  private func writeCreated(_ blob: PlasmaPayload, sendsArena: Bool) {
    reply.frame {
      $0.key("created")
      append(blob)
      appendDescriptor(sendsArena, blob.payload)
      $0.field("id", blob.payload.id.rawValue)
      $0.type("create_buffer_by_plasma_reply")
    }
  }

  func getBuffersByPlasma(_ connection: Connection) throws(StoreError) -> Disposition {
    var ids: [String] = []
    let spans = try message.numberedValues()
    try requireFew(spans.count)
    for span in spans {
      guard span.kind == .string else {
        throw StoreError(.invalid, "Failed to parse the JSON message: plasma ids must be strings")
      }
      ids.append(message.bytes.string(span))
    }
    let unsafe = try message.boolean("unsafe", default: false)
    return try start(PlasmaReadingTask(PlasmaReading(ids, unsafe: unsafe, by: connection.client), for: connection))
  }

  func plasmaSeal(_ client: Client) throws(StoreError) -> Disposition {
    try store.sealPlasma(try message.string("plasma_id"), by: client)
    reply.reply("seal_reply")
    return .reply
  }

  func plasmaRelease(_ client: Client) throws(StoreError) -> Disposition {
    try store.releasePlasma(try message.string("plasma_id"), by: client)
    reply.reply("plasma_release_reply")
    return .reply
  }

  func plasmaDeleteData(_ client: Client) throws(StoreError) -> Disposition {
    try store.deletePlasma(try message.string("plasma_id"), by: client)
    reply.reply("plasma_delete_data_reply")
    return .reply
  }

  func moveBuffersOwnership(_ client: Client) throws(StoreError) -> Disposition {
    let source = try message.integer("session_id")
    var pairs: [(from: BlobName, to: BlobName)] = []
    // Maps keyed by a number are arrays of pairs, maps keyed by a string are objects.
    if message.span("id_to_id") != nil { pairs += try message.pairs("id_to_id", blobID, blobID).map { ($0, $1) } }
    if message.span("id_to_pid") != nil { pairs += try message.pairs("id_to_pid", blobID, plasmaID).map { ($0, $1) } }
    if message.span("pid_to_id") != nil {
      pairs += try message.entries("pid_to_id", blobID).map { (.plasma($0), $1) }
    }
    if message.span("pid_to_pid") != nil {
      pairs += try message.entries("pid_to_pid", plasmaID).map { (.plasma($0), $1) }
    }
    try requireFew(pairs.count)
    return try start(OwnershipMove(pairs, from: source, by: client)) { (handler, _) in
      handler.reply.reply("move_buffers_ownership_reply")
      return .reply
    }
  }

  private func blobID(_ span: JSONSpan) -> BlobName? { message.bytes.integer(span).map { .id(ObjectID($0)) } }

  private func plasmaID(_ span: JSONSpan) -> BlobName? {
    span.kind == .string ? .plasma(message.bytes.string(span)) : nil
  }
}

/// get_buffers_by_plasma: finds the blobs and describes them.
private struct PlasmaReadingTask: RequestTask {
  private var reading: PlasmaReading
  private let connection: Connection
  private var blobs: [PlasmaPayload]?
  private var written = 0
  private var sendsArena = false

  init(_ reading: PlasmaReading, for connection: Connection) {
    self.reading = reading
    self.connection = connection
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let (store, reply) = (handler.store, handler.reply)
    if blobs == nil {
      guard let found = try reading.step(store) else { return nil }
      blobs = found
      for blob in found where handler.announceArena(to: connection, blob.payload) { sendsArena = true }
      reply.beginFrame()
    }
    guard let blobs else { return nil }
    while written < blobs.count {
      if store.work.isSpent { return nil }
      let before = reply.count
      reply.key(written)
      handler.append(blobs[written])
      store.work.spend(reply.count - before)
      written += 1
    }
    reply.field("num", blobs.count)
    reply.type("get_buffers_by_plasma_reply")
    reply.endFrame()
    return .send(arena: sendsArena)
  }
}
