import StoreProtocol

/// Remains of a put that failed half-way: columns that were finished before the one that did not fit.
///
/// Clients make an object of parts in several requests, and only the last one, which names the object or persists it,
/// tells that it is complete. Until then the parts made by a connection are *unfinished*. When an allocation of it is
/// refused, its unfinished parts become *suspects*: they go when the connection does, or when their room is needed,
/// unless somebody has asked for them meanwhile. This holds where replaced objects are deleted too, since elsewhere, as
/// with the original, ids of objects without a name may be known to anybody.
extension Store {
  /// Number of parts, looked at in one go, beyond which an object is taken for several.
  private static let mostUnfinished = 1 << 14

  /// Stores objects that a connection made, all or none.
  ///
  /// - Throws: as ``ObjectCreation/step(_:)``.
  public func createObjects(
    _ documents: [MetadataDocument], by connection: Connection
  ) throws(StoreError) -> [CreatedObject] {
    try ObjectCreation(documents, by: connection).finish(self)
  }

  /// Makes an object and its members visible for good.
  ///
  /// - Throws: assertionFailed for a blob, metaTreeSubtreeNotExists for an unknown object.
  public func persist(_ id: ObjectID, by connection: Connection) throws(StoreError) {
    try Persisting(id, by: connection, in: self).finish(self)
  }

  func noteUnfinished(_ id: ObjectID, of connection: Connection) {
    guard connection.volume != nil || configuration.overwrite == .delete, overwritePolicy(of: connection) == .delete
    else { return }
    if connection.unfinished.count == Self.mostUnfinished { connection.unfinished.removeAll() }
    connection.unfinished.append(id)
  }

  /// Makes suspects of a connection's unfinished parts, since an allocation of it was refused.
  func suspectUnfinished(of connection: Connection) {
    let session = connection.session
    work.spend(connection.unfinished.count * Work.entry)
    for id in connection.unfinished where isLeftOver(id, in: session) {
      if session.suspects.insert(id) { connection.suspects.append(id) }
    }
    connection.unfinished.removeAll()
  }

  /// Clears objects of suspicion, because somebody has asked for them.
  public func clearSuspicion(_ ids: some Sequence<ObjectID>, in session: Session) {
    if session.suspects.isEmpty { return }
    for id in ids { session.suspects.remove(id) }
  }

  /// Deletes one of the things that failed puts of a connection have left; false when there is none.
  func removeOneSuspect(of connection: Connection) -> Bool {
    guard let id = connection.suspects.popLast() else { return false }
    if connection.session.suspects.contains(id) { removeSuspect(id, in: connection.session) }
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

  /// Whether nobody can know of an object or blob but the connection that made it.
  private func isLeftOver(_ id: ObjectID, in session: Session) -> Bool {
    if id.isBlob {
      guard let blob = session.blobs[id] else { return false }
      return blob.isSealed && memory.readers(blob.extent) == 0 && !session.metadata.hasDependents(id)
    }
    return session.metadata[id]?.isTransient == true && !isUsed(id, in: session)
  }
}
