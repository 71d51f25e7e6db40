import JSON
import StoreCore
import StoreProtocol

/// Blobs in shared memory.
extension RequestHandler {
  func createBuffer(_ connection: Connection) throws(StoreError) -> Disposition {
    var creation = BlobCreation(try message.integer("size"), by: connection.client)
    // No task is allocated for a blob that is there at once.
    if let payload = try creation.step(store) { return answer(payload, to: connection) }
    return try start(creation) { (handler, payload) in handler.answer(payload, to: connection) }
  }

  private func answer(_ payload: BlobPayload, to connection: Connection) -> Disposition {
    let sendsArena = announceArena(to: connection, payload)
    writeCreated(payload, sendsArena: sendsArena)
    return whenWarm(payload, for: connection, sendsArena: sendsArena)
  }

  func writeCreated(_ payload: BlobPayload, sendsArena: Bool) {
    reply.frame {
      $0.field("created", payload)
      appendDescriptor(sendsArena, payload)
      $0.field("id", payload.id.rawValue)
      $0.type("create_buffer_reply")
    }
  }

  /// Whether the descriptor of a memory file follows a reply with this payload, which the client then knows.
  func announceArena(to connection: Connection, _ payload: BlobPayload) -> Bool {
    connection.kind == .ipc && payload.size > 0 && connection.announce(file: payload.fileKey)
  }

  func appendDescriptor(_ sendsArena: Bool, _ payload: BlobPayload) {
    reply.field("fd", sendsArena ? payload.fileKey : -1)
  }

  func appendDescriptors(_ sendsArena: Bool, of connection: Connection) {
    reply.beginArray("fds")
    if sendsArena { for key in connection.announcedFiles { reply.element(UInt64(key)) } }
    reply.endArray()
  }

  /// The reply goes out at once when the new blob has pages.
  ///
  /// - Parameter transfer: follows the reply.
  func whenWarm(
    _ payload: BlobPayload, for connection: Connection, sendsArena: Bool, transfer: Transfer? = nil
  ) -> Disposition {
    for range in store.takeShortTraces() { files?.zero(range) }
    let range = ByteRange(offset: payload.offset, length: payload.size)
    guard payload.size == 0 || store.memory.residency.isWarm(range) else {
      return awaitPages(NewBlobs(CollectionOfOne(payload)), for: connection, sendsArena: sendsArena, transfer)
    }
    return transfer.map { .transfer($0) } ?? .send(arena: sendsArena)
  }

  /// The same for many blobs.
  func whenWarm(
    _ blobs: NewBlobs, for connection: Connection, sendsArena: Bool, transfer: Transfer? = nil
  ) -> Disposition {
    for range in store.takeShortTraces() { files?.zero(range) }
    guard blobs.ranges.allSatisfy({ store.memory.residency.isWarm($0) }) else {
      return awaitPages(blobs, for: connection, sendsArena: sendsArena, transfer)
    }
    return transfer.map { .transfer($0) } ?? .send(arena: sendsArena)
  }

  /// Holds the reply until the blobs have pages; when the system has none, they are dropped and the request fails.
  private func awaitPages(
    _ blobs: NewBlobs, for connection: Connection, sendsArena: Bool, _ transfer: Transfer?
  ) -> Disposition {
    .hold(
      HeldReply(
        until: .populated(blobs), then: .send(arena: sendsArena, transfer),
        undo: { [store] in
          store.takeBack(blobs.ids, by: connection.client)
        },
        refusal: { [store] error in
          StoreError(
            error.code,
            "Failed to allocate memory of size \(blobs.size): \(error.message), although "
              + "\(store.memory.used) of \(store.memory.limit) are in use")
        }))
  }

  func createBuffers(_ connection: Connection) throws(StoreError) -> Disposition {
    try start(CreateBuffersTask(try message.blobSizes(), for: connection))
  }

  func announceArena(to connection: Connection, _ payloads: [BlobPayload]) -> Bool {
    var sendsArena = false
    for payload in payloads where announceArena(to: connection, payload) { sendsArena = true }
    return sendsArena
  }

  /// `"0":…` for clients that read the numbered keys.
  func appendNumbered(_ index: Int, _ payload: BlobPayload) {
    reply.key(index)
    reply.append(payload)
  }

  func seal(_ client: Client) throws(StoreError) -> Disposition {
    try store.seal(try message.objectID("object_id"), by: client)
    reply.reply("seal_reply")
    return .reply
  }

  func getBuffers(_ connection: Connection) throws(StoreError) -> Disposition {
    let unsafe = try message.boolean("unsafe", default: false)
    if message.bytes.count > StoreServer.longFrame, let reader = try message.blobIDReader() {
      return try start(GetBuffersTask(reader, unsafe: unsafe, for: connection))
    }
    blobIDs.removeAll(keepingCapacity: true)
    try message.blobIDs(into: &blobIDs)
    return try start(GetBuffersTask(blobIDs, unsafe: unsafe, for: connection))
  }

  func dropBuffer(_ client: Client) throws(StoreError) -> Disposition {
    try store.dropBlob(try message.objectID("id"), by: client)
    reply.reply("drop_buffer_reply")
    return .reply
  }

  func shrinkBuffer(_ client: Client) throws(StoreError) -> Disposition {
    try store.shrink(try message.objectID("id"), to: try message.integer("size"), by: client)
    reply.reply("shrink_buffer_reply")
    return .reply
  }

  func increaseReferenceCount(_ client: Client) throws(StoreError) -> Disposition {
    try start(
      IDListTask(try NumberListReader(message, "ids"), "increase_reference_count_reply") {
        (store, id) throws(StoreError) in store.increaseReferences([id], by: client)
      })
  }

  func release(_ client: Client) throws(StoreError) -> Disposition {
    try store.release(try message.objectID("object_id"), by: client)
    reply.reply("release_reply")
    return .reply
  }

  /// Ends claims on many blobs; one that is not claimed is no error, since the answer tells nothing of each.
  func releaseBlobs(_ client: Client) throws(StoreError) -> Disposition {
    try start(
      IDListTask(try NumberListReader(message, "ids"), "release_blobs_reply") { (store, id) in
        try? store.release(id, by: client)
      })
  }

  func refuseGPU() throws(StoreError) -> Disposition { throw StoreError(.invalid, "GPU support is not enabled") }

  // MARK: - Spilling

  // Nothing is spilled yet, so every blob is in memory and pinned for good: these requests have nothing to do, and only
  // unknown blobs are an error.

  func evict(_ client: Client) throws(StoreError) -> Disposition { try requireBlobs(client, "evict_reply") }

  func load(_ client: Client) throws(StoreError) -> Disposition {
    _ = try message.boolean("pin", default: false)
    return try requireBlobs(client, "load_reply")
  }

  func unpin(_ client: Client) throws(StoreError) -> Disposition { try requireBlobs(client, "unpin_reply") }

  private func requireBlobs(_ client: Client, _ type: StaticString) throws(StoreError) -> Disposition {
    try start(
      IDListTask(try NumberListReader(message, "ids"), type) { (store, id) throws(StoreError) in
        try store.requireBlobs([id], in: client.session)
      })
  }

  func isSpilled(_ client: Client) throws(StoreError) -> Disposition {
    try store.requireBlobs([try message.objectID("id")], in: client.session)
    reply.frame {
      $0.field("is_spilled", false)
      $0.type("is_spilled_reply")
    }
    return .reply
  }

  func isInUse(_ client: Client) throws(StoreError) -> Disposition {
    let isInUse = try store.isInUse(try message.objectID("id"), in: client.session)
    reply.frame {
      $0.field("is_in_use", isInUse)
      $0.type("is_in_use_reply")
    }
    return .reply
  }
}

/// Blobs that were just created, and the pages they need: few ranges, however many blobs there are.
struct NewBlobs {
  private(set) var ids: [ObjectID] = []
  /// Whole blocks, in the order in which the blobs were created; neighbouring ones are put together.
  private(set) var ranges: [ByteRange] = []

  init(_ payloads: some Sequence<BlobPayload> = []) {
    for payload in payloads { add(payload) }
  }

  mutating func add(_ payload: BlobPayload) {
    add(
      payload.id, ByteRange(offset: payload.offset, length: payload.size),
      endingBy: payload.fileStart + payload.mappingLength)
  }

  /// - Parameter limit: address behind the file.
  mutating func add(_ id: ObjectID, _ bytes: ByteRange, endingBy limit: UInt64 = .max) {
    guard bytes.length > 0 else { return }
    ids.append(id)
    let block = Residency.blockSize
    let start = bytes.offset / block * block
    let end = min((bytes.end + block - 1) / block * block, max(limit, start))
    if let last = ranges.last, last.offset <= start, start <= last.end {
      ranges[ranges.count - 1] = ByteRange(offset: last.offset, length: max(last.end, end) - last.offset)
    } else {
      ranges.append(ByteRange(offset: start, length: end - start))
    }
  }

  /// Bytes of the blocks.
  var size: UInt64 { ranges.reduce(0) { $0 + $1.length } }
}
