import JSON
import StoreCore
import StoreProtocol

/// Blobs whose bytes travel on the connection.
extension RequestHandler {
  /// This daemon doesn't offer compression; a client that uses it anyway would be misread.
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

  func createRemoteBuffer(_ client: Connection) throws(StoreError) -> Disposition {
    try refuseCompression()
    try refuseRDMA()
    let payload = try store.createBlob(try message.integer("size"), by: client)
    reply.beginFrame()
    reply.append("{\"created\":")
    reply.append(Self.announced(payload))
    appendDescriptor(false)
    reply.append(",\"id\":")
    reply.append(decimal: payload.id.rawValue)
    reply.append(",\"type\":\"create_buffer_reply\"}")
    reply.endFrame()
    return receive([payload], client)
  }

  func createRemoteBuffers(_ client: Connection) throws(StoreError) -> Disposition {
    try refuseCompression()
    try refuseRDMA()
    let payloads = try store.createBlobs(try fewEnough(try message.blobSizes()), by: client)
    writeCreated(payloads.map(Self.announced), sendsArena: false)
    return receive(payloads, client)
  }

  /// The reply shows blobs as sealed, which they are once their bytes have arrived.
  private static func announced(_ payload: BlobPayload) -> BlobPayload {
    var payload = payload
    payload.isSealed = payload.size > 0
    return payload
  }

  /// The reply is sent, the bytes are received, then the same reply is sent again.
  private func receive(_ payloads: [BlobPayload], _ client: Connection) -> Disposition {
    let ids = payloads.map(\.id)
    let transfer = Transfer(
      direction: .receive,
      ranges: payloads.filter { $0.size > 0 }.map { ByteRange(offset: $0.offset, length: $0.size) }, blobs: ids,
      closing: Array(reply.bytes))
    guard case .afterPages = whenWarm(payloads, sendsArena: false) else { return .transfer(transfer) }
    return .afterPages(NewBlobs(payloads), sendsArena: false, transfer: transfer)
  }

  /// Nothing was given out over RDMA, so there is nothing to release.
  func releaseBlobsWithRDMA() -> Disposition {
    reply.reply("release_blobs_with_rdma_reply")
    return .reply
  }

  func getRemoteBuffers(_ client: Connection) throws(StoreError) -> Disposition {
    blobIDs.removeAll(keepingCapacity: true)
    payloads.removeAll(keepingCapacity: true)
    try message.blobIDs(into: &blobIDs)
    _ = try fewEnough(blobIDs)
    try refuseRDMA()
    let unsafe = try message.boolean("unsafe", default: false)
    do throws(StoreError) {
      try store.readBlobs(blobIDs, unsafe: unsafe, by: client, into: &payloads, grants: false)
    } catch {
      throw StoreError(.keyError, "Failed to get objects: \(error.message)")
    }
    store.beginSending(payloads.map(\.id), to: client)
    writeRead(payloads, sendsArena: false)
    let transfer = Transfer(
      direction: .send,
      ranges: payloads.compactMap { $0.size > 0 ? ByteRange(offset: $0.offset, length: $0.size) : nil },
      blobs: [], closing: [])
    return .transfer(transfer)
  }
}
