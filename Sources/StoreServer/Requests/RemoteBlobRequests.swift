import JSON
import StoreCore
import StoreProtocol

/// Blobs whose bytes travel on the connection.
extension RequestHandler {
  /// Refuses compression, which this daemon doesn't offer: a client that used it anyway would be misread.
  private func refuseCompression() throws(StoreError) {
    if try message.boolean("compress", default: false) {
      throw StoreError(.notImplemented, "compressed transfers are not available: this daemon does not offer them")
    }
  }

  /// Blobs whose bytes one request may move.
  private static let mostBlobs = 1 << 15

  private func fewEnough<Element>(_ list: [Element]) throws(StoreError) -> [Element] {
    guard list.count <= Self.mostBlobs else {
      throw StoreError(
        .invalid, "a request may move the bytes of \(Self.mostBlobs) blobs, this one names \(list.count)")
    }
    return list
  }

  private func refuseRDMA() throws(StoreError) {
    if try message.boolean("use_rdma", default: false) {
      throw StoreError(.notImplemented, "RDMA is not available")
    }
  }

  func createRemoteBuffer(_ connection: Connection) throws(StoreError) -> Disposition {
    try refuseCompression()
    try refuseRDMA()
    return try start(BlobCreation(try message.integer("size"), by: connection.client)) { (handler, payload) in
      handler.writeCreated(Self.announced(payload), sendsArena: false)
      return handler.whenWarm(payload, for: connection, sendsArena: false, transfer: handler.transfer(of: [payload]))
    }
  }

  func createRemoteBuffers(_ connection: Connection) throws(StoreError) -> Disposition {
    try refuseCompression()
    try refuseRDMA()
    let sizes = try fewEnough(try message.blobSizes())
    return try start(CreateBuffersTask(sizes, isRemote: true, for: connection))
  }

  /// The reply shows blobs as sealed, which they are once their bytes have arrived.
  static func announced(_ payload: BlobPayload) -> BlobPayload {
    var payload = payload
    payload.isSealed = payload.size > 0
    return payload
  }

  /// The reply is sent, the bytes are received, then the same reply is sent again.
  func transfer(of payloads: [BlobPayload]) -> Transfer {
    Transfer(
      direction: .receive,
      ranges: bytes(of: payloads.compactMap { $0.size > 0 ? ByteRange(offset: $0.offset, length: $0.size) : nil }),
      blobs: payloads.map(\.id), closing: Array(reply.bytes))
  }

  /// Where ranges of blobs are that exist.
  func bytes(of ranges: [ByteRange]) -> [ArenaBytes] { ranges.compactMap { files?.bytes(of: $0) } }

  /// Releases nothing, since nothing was given out over RDMA.
  func releaseBlobsWithRDMA() -> Disposition {
    reply.reply("release_blobs_with_rdma_reply")
    return .reply
  }

  func getRemoteBuffers(_ connection: Connection) throws(StoreError) -> Disposition {
    blobIDs.removeAll(keepingCapacity: true)
    try message.blobIDs(into: &blobIDs)
    _ = try fewEnough(blobIDs)
    try refuseRDMA()
    try requirePeerForRanges(connection)
    if message.span("copies_of") != nil { try findCopies(of: try message.integer("copies_of"), connection) }
    if connection.isPeer { copyWaits?.noteSent(blobIDs, in: connection.client.session) }
    let unsafe = try message.boolean("unsafe", default: false)
    let offset = try message.integer("range_offset", default: 0)
    let length = try message.integer("range_length", default: .max)
    let sent = SentPart(offset: offset, length: length)
    return try start(GetBuffersTask(blobIDs, unsafe: unsafe, sending: sent, for: connection))
  }
}

extension RequestHandler {
  /// Puts the copies of what another store has in place of the ids of its blobs, in their order.
  ///
  /// - Throws: objectNotExists when one is not here.
  private func findCopies(of instance: UInt64, _ connection: Connection) throws(StoreError) {
    let session = connection.client.session
    for index in blobIDs.indices {
      guard let copy = store.copy(of: RemoteBlob(instance: instance, id: blobIDs[index]), in: session) else {
        throw StoreError(.objectNotExists, "there is no copy of blob \(blobIDs[index]) of instance \(instance) here")
      }
      blobIDs[index] = copy
    }
  }
}

/// The part of each blob that a request asks for, whose bytes are sent instead of shown.
struct SentPart {
  let offset: UInt64
  /// Bytes; more than a blob has for all that follow.
  let length: UInt64

  /// The part of a blob; nil when it has no bytes.
  func range(of payload: BlobPayload) -> ByteRange? {
    guard offset < payload.size, length > 0 else { return nil }
    return ByteRange(offset: payload.offset + offset, length: min(length, payload.size - offset))
  }
}
