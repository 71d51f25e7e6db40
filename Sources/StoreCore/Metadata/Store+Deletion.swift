import StoreProtocol

extension Store {
  /// Deletes objects and blobs with regard to their dependents.
  ///
  /// - Parameters:
  ///   - force: delete although something depends on it, and delete that too.
  ///   - deep: delete object members nobody else uses as well; blob members go in any case.
  /// - Returns: the ids of the deleted blobs.
  @discardableResult
  public func delete(
    _ requested: [ObjectID], force: Bool, deep: Bool, by client: Client
  ) -> [ObjectID] {
    Deletion(requested, force: force, deep: deep, by: client).finish(self)
  }

  /// Deletes blobs directly, whatever uses them.
  ///
  /// - Throws: assertionFailed when one of the ids is not a blob's; then nothing is deleted.
  public func deleteBlobs(_ ids: [ObjectID], by client: Client) throws(StoreError) -> [ObjectID] {
    try Self.requireBlobIDs(ids)
    return Deletion(blobs: ids, by: client).finish(self)
  }

  /// - Throws: assertionFailed when one of the ids is not a blob's.
  public static func requireBlobIDs(_ ids: some Sequence<ObjectID>) throws(StoreError) {
    for id in ids where !id.isBlob {
      throw StoreError(.assertionFailed, "The fast path deletes blobs only, but \(id) is an object")
    }
  }

  /// Deletes every object, name, blob and stream of the session, except blobs that other connections have not sealed
  /// yet.
  public func clear(_ session: Session, by client: Client? = nil) {
    Clearing(session, by: client).finish(self)
  }

  /// Whether a blob goes when a client clears its session: all but those that others are still writing.
  ///
  /// - Parameter client: nil when the session itself goes.
  func isCleared(_ id: ObjectID, in session: Session, by client: Client?) -> Bool {
    guard let client, let writer = session.blobs[id]?.writer else { return true }
    return writer === client
  }
}
