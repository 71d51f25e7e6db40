import StoreProtocol

extension Store {
  /// Makes a blob readable. Repeating it is fine.
  ///
  /// The sealing client counts as a user of the blob, like in the original, but keeps no claim on its bytes.
  ///
  /// - Throws: objectNotExists for an unknown blob.
  public func seal(_ id: ObjectID, by client: Client) throws(StoreError) {
    if id == .emptyBlob { return }
    work.spend(2 * Work.entry)
    let isNew = client.session.blobs.update(id) { blob in
      if blob.isSealed { return false }
      blob.isSealed = true
      blob.writer?.writing.remove(id)
      blob.writer = nil
      blob.sealer = client.id
      return true
    }
    guard let isNew else { throw unknownBlob(id) }
    guard isNew else { return }
    client.sealed += 1
    noteUnfinished(id, of: client)
    note(.object(session: client.session.id, id))
  }

  /// Reduces an unsealed blob to its first `size` bytes.
  ///
  /// The rest stays charged while clients other than the writer have a grant, since it cannot be given out again. A
  /// blob that had 2 MiB or more stays charged with 2 MiB.
  ///
  /// - Throws: objectNotExists for an unknown blob, objectSealed for a sealed one, invalid for a size above the present
  ///   one.
  public func shrink(_ id: ObjectID, to size: UInt64, by client: Client) throws(StoreError) {
    if id == .emptyBlob { return }
    guard let blob = client.session.blobs[id] else { throw unknownBlob(id) }
    if blob.isSealed { throw StoreError(.objectSealed, "cannot shrink the sealed blob \(id)") }
    guard size <= blob.size else {
      throw StoreError(
        .invalid, "cannot shrink to size \(size) since the current size is \(blob.size)")
    }
    client.session.blobs.update(id) { $0.size = size }
    guard blob.writer === client, memory.isHeldByNone(but: client.id, blob.extent) else { return }
    let charged = memory.shrink(blob.extent, to: size)
    blob.usage?.refundTail(blob.charged - charged)
    client.session.blobs.update(id) { $0.charged = charged }
  }

  /// Removes a blob even if something uses it.
  ///
  /// - Throws: objectNotExists for an unknown blob.
  public func dropBlob(_ id: ObjectID, by client: Client) throws(StoreError) {
    if id == .emptyBlob { return }
    guard client.session.blobs[id] != nil else { throw unknownBlob(id) }
    removeBlob(id, in: client.session, by: client)
  }

  /// Frees a blob. Its bytes are retained while a client may still read them, or still writes them and another client
  /// has removed the blob.
  ///
  /// - Parameter remover: the client that wants it, nil when it is nobody's wish.
  func removeBlob(_ id: ObjectID, in session: Session, by remover: Client?) {
    guard let blob = session.removeBlob(id, self) else { return }
    work.spend(Work.item)
    free(blob, id, in: session, by: remover)
  }

  /// Frees a blob that was taken out of its session.
  func free(_ removed: Blob, _ id: ObjectID, in session: Session, by remover: Client?) {
    var blob = removed
    ensure(
      blob.offset == memory.range(blob.extent).offset, "the blob \(id) is at \(blob.offset), which is not its extent")
    blob.usage?.refund(blob.charged, for: id)
    endSealing(&blob, in: session)
    if let writer = blob.writer {
      writer.writing.remove(id)
      // The next owner of these bytes would be overwritten.
      if writer !== remover, clients[writer.id] === writer { grant(id, blob.extent, to: writer, isPinned: true) }
    }
    if let remover { endGrant(id, blob.extent, of: remover) }
    memory.removeBlob(blob.extent, called: id, reuses: reusesDeleted(blob))
  }

  /// The client that sealed a blob, while it is one of the session's.
  private func sealer(of blob: Blob, in session: Session) -> Client? {
    guard let client = blob.sealer.flatMap({ clients[$0] }), client.session === session else { return nil }
    return client
  }

  /// Stops counting the sealer of a blob as its user.
  func endSealing(_ blob: inout Blob, in session: Session) {
    sealer(of: blob, in: session)?.sealed -= 1
    blob.sealer = nil
  }

  /// Frees a blob whose creator disconnected before sealing it.
  func abandonUnsealed(_ id: ObjectID, in session: Session) {
    guard let blob = session.blobs.removeValue(forKey: id) else { return }
    blob.usage?.refund(blob.charged, for: id)
    memory.removeBlob(blob.extent, called: id, reuses: reusesDeleted(blob))
  }

  func unknownBlob(_ id: ObjectID) -> StoreError {
    StoreError(.objectNotExists, "blob \(id) does not exist\(lossNote(for: id))")
  }

  // MARK: - Reading

  /// The payloads of those `ids` that exist, given to `client` for reading.
  ///
  /// - Parameter grants: false when the client is not given them but sent their bytes.
  /// - Throws: objectNotSealed when one of them is unsealed and not `unsafe`; then nothing is given.
  public func readBlobs(
    _ ids: some Sequence<ObjectID>, unsafe: Bool, by client: Client, into payloads: inout [BlobPayload],
    grants: Bool = true
  ) throws(StoreError) {
    let session = client.session
    let first = payloads.count
    clearSuspicion(ids, in: session)
    for id in ids {
      if id == .emptyBlob {
        payloads.append(.empty)
        continue
      }
      guard let blob = session.blobs[id] else { continue }
      if !blob.isSealed && !unsafe {
        throw StoreError(.objectNotSealed, "Failed to get blob with id \(id)")
      }
      payloads.append(payload(id, blob))
    }
    guard grants else { return }
    for payload in payloads[first...] where payload.id != .emptyBlob { grantReading(payload.id, to: client) }
    endLookup(of: client)
  }

  /// - Throws: objectNotSealed for an unsealed blob, unless `unsafe`; unknown ones are fine.
  public func requireReadable(_ id: ObjectID, unsafe: Bool, in session: Session) throws(StoreError) {
    if !unsafe, let blob = session.blobs[id], !blob.isSealed {
      throw StoreError(.objectNotSealed, "Failed to get blob with id \(id)")
    }
  }

  /// Gives blobs to a client for reading; unknown ids are fine.
  public func increaseReferences(_ ids: [ObjectID], by client: Client) {
    for id in ids { grantReading(id, to: client) }
  }

  /// Ends a client's claims on a blob.
  ///
  /// - Throws: keyError when the client claims nothing, objectNotExists when not this blob.
  public func release(_ id: ObjectID, by client: Client) throws(StoreError) {
    if id == .emptyBlob { return }
    if client.reading.isEmpty, client.staleGrants.isEmpty, client.sealed == 0 {
      throw StoreError(.keyError, "this connection references no blob")
    }
    let isGiven = endGrant(id, of: client)
    if client.session.blobs[id]?.sealer == client.id {
      client.session.blobs.update(id) { $0.sealer = nil }
      client.sealed -= 1
    } else if !isGiven {
      throw StoreError(.objectNotExists, "blob \(id) is not referenced by this connection")
    }
  }

  /// Whether a client was given the blob for reading, has sealed it or may still write it.
  ///
  /// - Throws: objectNotExists for an unknown blob.
  public func isInUse(_ id: ObjectID, in session: Session) throws(StoreError) -> Bool {
    if id == .emptyBlob { return false }
    guard let blob = session.blobs[id] else { throw unknownBlob(id) }
    return !blob.isSealed || memory.readers(blob.extent) > 0 || sealer(of: blob, in: session) != nil
  }

  /// - Throws: objectNotExists for the first blob that is unknown.
  public func requireBlobs(_ ids: [ObjectID], in session: Session) throws(StoreError) {
    for id in ids where id != .emptyBlob && session.blobs[id] == nil { throw unknownBlob(id) }
  }
}
