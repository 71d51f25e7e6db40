import StoreProtocol

/// Remains of a put that failed half-way: columns that were finished before the one that did not fit.
///
/// Clients make an object of parts in several requests, and only the last one, which names the object or persists it,
/// tells that it is complete. Until then the parts made by a client are *unfinished*. When an allocation of it is
/// refused, its unfinished parts become *suspects*: they go when the client does, or when their room is needed,
/// unless somebody has asked for them meanwhile. This holds where replaced objects are deleted too, since elsewhere, as
/// with the original, ids of objects without a name may be known to anybody.
extension Store {
  /// Number of parts, looked at in one go, beyond which an object is taken for several.
  private static let mostUnfinished = 1 << 14

  /// Stores objects that a client made, all or none.
  ///
  /// - Throws: as ``ObjectCreation/step(_:)``.
  public func createObjects(
    _ documents: [MetadataDocument], by client: Client
  ) throws(StoreError) -> [CreatedObject] {
    try ObjectCreation(documents, by: client).finish(self)
  }

  /// Makes an object and its members visible for good.
  ///
  /// - Throws: assertionFailed for a blob, metaTreeSubtreeNotExists for an unknown object.
  public func persist(_ id: ObjectID, by client: Client) throws(StoreError) {
    try Persisting(id, by: client, in: self).finish(self)
  }

  func noteUnfinished(_ id: ObjectID, of client: Client) {
    guard client.volume != nil || configuration.overwrite == .delete, overwritePolicy(of: client) == .delete
    else { return }
    if client.unfinished.count == Self.mostUnfinished { client.unfinished.removeAll() }
    client.unfinished.append(id)
  }

  /// Makes suspects of a client's unfinished parts, since an allocation of it was refused.
  func suspectUnfinished(of client: Client) {
    let session = client.session
    work.spend(client.unfinished.count * Work.entry)
    for id in client.unfinished where isLeftOver(id, in: session) {
      if session.suspects.insert(id) { client.suspects.append(id) }
    }
    client.unfinished.removeAll()
  }

  /// Clears objects of suspicion, because somebody has asked for them.
  public func clearSuspicion(_ ids: some Sequence<ObjectID>, in session: Session) {
    if session.suspects.isEmpty { return }
    for id in ids { session.suspects.remove(id) }
  }

  /// Deletes one of the things that failed puts of a client have left; false when there is none.
  func removeOneSuspect(of client: Client) -> Bool {
    guard let id = client.suspects.popLast() else { return false }
    if client.session.suspects.contains(id) { removeSuspect(id, in: client.session) }
    return true
  }

  /// Deletes one of the things that failed puts have left; false when there is none.
  func removeOneSuspect(in session: Session) -> Bool {
    guard let id = session.suspects.first(from: ObjectID(0)) else { return false }
    removeSuspect(id, in: session)
    return true
  }

  private func removeSuspect(_ id: ObjectID, in session: Session) {
    work.spend(Work.entry)
    session.suspects.remove(id)
    if isLeftOver(id, in: session) { deleteUnused(id, in: session) }
  }

  /// Whether nobody can know of an object or blob but the client that made it.
  private func isLeftOver(_ id: ObjectID, in session: Session) -> Bool {
    if id.isBlob {
      guard let blob = session.blobs[id] else { return false }
      return blob.isSealed && memory.readers(blob.extent) == 0 && !session.metadata.hasDependents(id)
    }
    return session.metadata[id]?.isTransient == true && !isUsed(id, in: session)
  }
}
