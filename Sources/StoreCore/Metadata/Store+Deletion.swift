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
    delete(requested, of: connection.session, force: force, deep: deep, by: connection)
  }

  /// - Parameters:
  ///   - isImplicit: whether nobody asked for it; then members that are used by name or otherwise stay.
  ///   - connection: who wants it, nil when nobody's grants are to end.
  @discardableResult
  func delete(
    _ requested: [ObjectID], of session: Session, force: Bool, deep: Bool, isImplicit: Bool = false,
    by connection: Connection?
  ) -> [ObjectID] {
    // The empty blob is everybody's: it depends on nobody and nobody goes with it.
    let requested = requested.filter { $0 != .emptyBlob }
    var deletion = Deletion(deep: deep, isImplicit: isImplicit, requested: Set(requested))
    deletion.pending = requested.filter { force || !session.metadata.hasDependents($0) }
    if force { deletion.pending += ancestors(of: requested, in: session).sorted() }
    deletion.pending.reverse()
    while let id = deletion.pending.popLast() { perform(&deletion, on: id, of: session, by: connection) }
    return deletion.blobs
  }

  private struct Deletion {
    let deep: Bool
    let isImplicit: Bool
    let requested: Set<ObjectID>
    var pending: [ObjectID] = []
    var blobs: [ObjectID] = []
  }

  private func perform(_ deletion: inout Deletion, on id: ObjectID, of session: Session, by connection: Connection?) {
    if id.isBlob {
      guard session.blobs[id] != nil else { return }
      removeBlob(id, in: session, by: connection)
      deletion.blobs.append(id)
      return
    }
    guard session.metadata.contains(id) else { return }
    session.names.removeNames(of: id)
    session.superseded.remove(id)
    for member in session.metadata.remove(id) where !session.metadata.hasDependents(member) {
      if isTaken(member, along: deletion, in: session) { deletion.pending.append(member) }
    }
  }

  /// Whether a member that nothing else contains goes with its parent.
  private func isTaken(_ member: ObjectID, along deletion: Deletion, in session: Session) -> Bool {
    if member.isBlob || deletion.requested.contains(member) { return true }
    if deletion.deep, !deletion.isImplicit { return true }
    // What has lost its name goes with the last object that contains it.
    return (deletion.deep || session.superseded.contains(member)) && !isUsed(member, in: session)
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

  /// Deletes every object, name and blob of the session, except what other connections have not sealed yet.
  public func clear(_ session: Session, by connection: Connection? = nil) {
    session.metadata.removeAll()
    session.names = NameTable()
    session.superseded.removeAll()
    session.suspects.removeAll()
    for id in session.blobs.keys.sorted() where isCleared(id, in: session, by: connection) {
      removeBlob(id, in: session, by: connection)
    }
    if let connection { endStaleGrants(of: connection) }
  }

  /// Whether a blob goes when a connection clears its session: all but what others are still writing.
  ///
  /// - Parameter connection: nil when the session itself goes.
  func isCleared(_ id: ObjectID, in session: Session, by connection: Connection?) -> Bool {
    guard let connection, let writer = session.blobs[id]?.writer else { return true }
    return writer === connection
  }
}
