import StoreProtocol

extension Store {
  /// Deletes objects and blobs with regard to what depends on them.
  ///
  /// - Parameters:
  ///   - force: delete although something depends on it, and delete that too.
  ///   - deep: delete object members nobody else uses as well; blob members go in any case.
  /// - Returns: the ids of the deleted blobs.
  @discardableResult
  public func delete(
    _ requested: [ObjectID], force: Bool, deep: Bool, by connection: Connection
  ) -> [ObjectID] {
    let session = connection.session
    // The empty blob is everybody's: it depends on nobody and nobody goes with it.
    let requested = requested.filter { $0 != .emptyBlob }
    var deletion = Deletion(deep: deep, requested: Set(requested))
    deletion.pending = requested.filter { force || !session.metadata.hasDependents($0) }
    if force { deletion.pending += ancestors(of: requested, in: session).sorted() }
    deletion.pending.reverse()
    while let id = deletion.pending.popLast() { perform(&deletion, on: id, by: connection) }
    return deletion.blobs
  }

  private struct Deletion {
    let deep: Bool
    let requested: Set<ObjectID>
    var pending: [ObjectID] = []
    var blobs: [ObjectID] = []
  }

  private func perform(_ deletion: inout Deletion, on id: ObjectID, by connection: Connection) {
    let session = connection.session
    if id.isBlob {
      guard session.blobs[id] != nil else { return }
      removeBlob(id, in: session, by: connection)
      deletion.blobs.append(id)
      return
    }
    guard session.metadata.contains(id) else { return }
    session.names.removeNames(of: id)
    for member in session.metadata.remove(id) where !session.metadata.hasDependents(member) {
      if member.isBlob || deletion.deep || deletion.requested.contains(member) { deletion.pending.append(member) }
    }
  }

  /// Everything that depends on `ids`, directly or not.
  private func ancestors(of ids: [ObjectID], in session: Session) -> Set<ObjectID> {
    var found: Set<ObjectID> = []
    var pending = ids
    while let id = pending.popLast() {
      for parent in session.metadata.dependents(of: id) where found.insert(parent).inserted { pending.append(parent) }
    }
    return found
  }

  /// Deletes blobs directly, whatever uses them.
  ///
  /// - Throws: assertionFailed when one of the ids is not a blob's; then nothing is deleted.
  public func deleteBlobs(_ ids: [ObjectID], by connection: Connection) throws(StoreError) -> [ObjectID] {
    for id in ids where !id.isBlob {
      throw StoreError(.assertionFailed, "The fast path deletes blobs only, but \(id) is an object")
    }
    var deleted: [ObjectID] = []
    for id in ids where connection.session.blobs[id] != nil {
      removeBlob(id, in: connection.session, by: connection)
      deleted.append(id)
    }
    return deleted
  }

  /// Deletes every object, name and blob of the session.
  public func clear(_ session: Session, by connection: Connection? = nil) {
    session.metadata.removeAll()
    session.names = NameTable()
    for id in session.blobs.keys.sorted() { removeBlob(id, in: session, by: connection) }
  }
}
