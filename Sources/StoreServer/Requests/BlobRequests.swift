import JSON
import StoreCore
import StoreProtocol

/// Blobs in shared memory.
extension RequestHandler {
  func createBuffer(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let payload = try store.createBlob(try message.integer("size"), by: connection.client)
    let sendsArena = announceArena(to: connection, payload)
    reply.beginFrame()
    reply.append("{\"created\":")
    reply.append(payload)
    appendDescriptor(sendsArena)
    reply.append(",\"id\":")
    reply.append(decimal: payload.id.rawValue)
    reply.append(",\"type\":\"create_buffer_reply\"}")
    reply.endFrame()
    return whenWarm([payload], sendsArena: sendsArena)
  }

  /// Whether the arena's descriptor follows a reply with this payload, which the client then knows.
  func announceArena(to connection: ClientConnection, _ payload: BlobPayload) -> Bool {
    guard connection.kind == .ipc, payload.size > 0, !connection.knowsArena else { return false }
    connection.knowsArena = true
    return true
  }

  func appendDescriptor(_ sendsArena: Bool) {
    reply.append(",\"fd\":")
    reply.append(decimal: sendsArena ? Store.fileKey : -1)
  }

  func appendDescriptors(_ sendsArena: Bool) {
    reply.append("\"fds\":[")
    if sendsArena { reply.append(decimal: Store.fileKey) }
    reply.append("]")
  }

  /// The reply goes out at once when the new blobs have pages.
  func whenWarm(_ payloads: [BlobPayload], sendsArena: Bool) -> Disposition {
    for range in store.takeShortTraces() { zero(range) }
    for payload in payloads where payload.size > 0 {
      if !store.memory.residency.isWarm(ByteRange(offset: payload.offset, length: payload.size)) {
        return .afterPages(NewBlobs(payloads), sendsArena: sendsArena, transfer: nil)
      }
    }
    return .send(arena: sendsArena)
  }

  /// The same for many blobs.
  func whenWarm(_ blobs: NewBlobs, sendsArena: Bool) -> Disposition {
    for range in store.takeShortTraces() { zero(range) }
    if blobs.ranges.allSatisfy({ store.memory.residency.isWarm($0) }) { return .send(arena: sendsArena) }
    return .afterPages(blobs, sendsArena: sendsArena, transfer: nil)
  }

  func createBuffers(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let sizes = try message.blobSizes()
    guard sizes.count > Self.fewEntries else {
      let payloads = try store.createBlobs(sizes, by: connection.client)
      let sendsArena = announceArena(to: connection, payloads)
      writeCreated(payloads, sendsArena: sendsArena)
      return whenWarm(payloads, sendsArena: sendsArena)
    }
    return try start(CreateBuffersTask(sizes, for: connection))
  }

  func announceArena(to connection: ClientConnection, _ payloads: [BlobPayload]) -> Bool {
    var sendsArena = false
    for payload in payloads where announceArena(to: connection, payload) { sendsArena = true }
    return sendsArena
  }

  func writeCreated(_ payloads: [BlobPayload], sendsArena: Bool) {
    reply.beginFrame()
    reply.append("{")
    appendNumbered(payloads)
    appendDescriptors(sendsArena)
    reply.append(",\"ids\":[")
    reply.list(payloads) { reply.append(decimal: $0.id.rawValue) }
    reply.append("],\"num\":")
    reply.append(decimal: payloads.count)
    reply.append(",\"payloads\":[")
    reply.list(payloads) { reply.append($0) }
    reply.append("],\"type\":\"create_buffers_reply\"}")
    reply.endFrame()
  }

  /// `"0":…,"1":…,` for clients that read the numbered keys.
  private func appendNumbered(_ payloads: [BlobPayload]) {
    for (index, payload) in payloads.enumerated() { appendNumbered(index, payload) }
  }

  func appendNumbered(_ index: Int, _ payload: BlobPayload) {
    reply.append("\"")
    reply.append(decimal: index)
    reply.append("\":")
    reply.append(payload)
    reply.append(",")
  }

  func seal(_ client: Connection) throws(StoreError) -> Disposition {
    try store.seal(try message.objectID("object_id"), by: client)
    reply.reply("seal_reply")
    return .reply
  }

  func getBuffers(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    blobIDs.removeAll(keepingCapacity: true)
    payloads.removeAll(keepingCapacity: true)
    try message.blobIDs(into: &blobIDs)
    let unsafe = try message.boolean("unsafe", default: false)
    guard blobIDs.count > Self.fewEntries else {
      try store.readBlobs(blobIDs, unsafe: unsafe, by: connection.client, into: &payloads)
      let sendsArena = announceArena(to: connection, payloads)
      writeRead(payloads, sendsArena: sendsArena)
      return .send(arena: sendsArena)
    }
    let task = GetBuffersTask(blobIDs, unsafe: unsafe, for: connection)
    return try start(task)
  }

  func writeRead(_ payloads: [BlobPayload], sendsArena: Bool) {
    reply.beginFrame()
    reply.append("{")
    appendNumbered(payloads)
    reply.append("\"compress\":false,")
    appendDescriptors(sendsArena)
    reply.append(",\"num\":")
    reply.append(decimal: payloads.count)
    reply.append(",\"payloads\":[")
    reply.list(payloads) { reply.append($0) }
    reply.append("],\"type\":\"get_buffers_reply\"}")
    reply.endFrame()
  }

  func dropBuffer(_ client: Connection) throws(StoreError) -> Disposition {
    try store.dropBlob(try message.objectID("id"), by: client)
    reply.reply("drop_buffer_reply")
    return .reply
  }

  func shrinkBuffer(_ client: Connection) throws(StoreError) -> Disposition {
    try store.shrink(try message.objectID("id"), to: try message.integer("size"), by: client)
    reply.reply("shrink_buffer_reply")
    return .reply
  }

  func increaseReferenceCount(_ client: Connection) throws(StoreError) -> Disposition {
    try start(
      IDListTask(try NumberListReader(message, "ids"), "increase_reference_count_reply") {
        (store, id) throws(StoreError) in store.increaseReferences([id], by: client)
      })
  }

  func release(_ client: Connection) throws(StoreError) -> Disposition {
    try store.release(try message.objectID("object_id"), by: client)
    reply.reply("release_reply")
    return .reply
  }

  // MARK: - Spilling

  // Nothing is spilled yet, so every blob is in memory and pinned for good: what these ask for is already the case or
  // cannot be had, and only unknown blobs are an error.

  func evict(_ client: Connection) throws(StoreError) -> Disposition { try requireBlobs(client, "evict_reply") }

  func load(_ client: Connection) throws(StoreError) -> Disposition {
    _ = try message.boolean("pin", default: false)
    return try requireBlobs(client, "load_reply")
  }

  func unpin(_ client: Connection) throws(StoreError) -> Disposition { try requireBlobs(client, "unpin_reply") }

  private func requireBlobs(_ client: Connection, _ type: StaticString) throws(StoreError) -> Disposition {
    try start(
      IDListTask(try NumberListReader(message, "ids"), type) { (store, id) throws(StoreError) in
        try store.requireBlobs([id], in: client.session)
      })
  }

  func isSpilled(_ client: Connection) throws(StoreError) -> Disposition {
    try store.requireBlobs([try message.objectID("id")], in: client.session)
    reply.beginFrame()
    reply.append("{\"is_spilled\":false,\"type\":\"is_spilled_reply\"}")
    reply.endFrame()
    return .reply
  }

  func isInUse(_ client: Connection) throws(StoreError) -> Disposition {
    let isInUse = try store.isInUse(try message.objectID("id"), in: client.session)
    reply.beginFrame()
    reply.append("{\"is_in_use\":")
    reply.append(isInUse ? "true" : "false")
    reply.append(",\"type\":\"is_in_use_reply\"}")
    reply.endFrame()
    return .reply
  }
}
