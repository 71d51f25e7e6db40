import StoreProtocol

/// Answer of create_data for one object.
public struct CreatedObject: Equatable, Sendable {
  public let id: ObjectID
  public let signature: UInt64
  public let instance: UInt64
}

extension Store {
  /// Stores objects, all or none.
  ///
  /// - Parameter volume: through which they come, if through one.
  /// - Throws: as ``ObjectCreation/step(_:)``.
  public func createObjects(
    _ documents: [MetadataDocument], in session: Session, of volume: Volume? = nil
  ) throws(StoreError) -> [CreatedObject] {
    try ObjectCreation(documents, in: session, of: volume).finish(self)
  }

  // MARK: - State of objects

  /// Whether an object or blob exists; unsealed blobs do.
  public func exists(_ id: ObjectID, in session: Session) -> Bool {
    id.isBlob ? session.blobs[id] != nil : session.metadata.contains(id)
  }

  func requireObject(_ id: ObjectID, in session: Session) throws(StoreError) {
    if !session.metadata.contains(id) { throw unknownObject(id) }
  }

  func unknownObject(_ id: ObjectID) -> StoreError {
    StoreError(.metaTreeSubtreeNotExists, "get subtree failed: \(id)\(lossNote(for: id))")
  }

  /// Makes an object and its members visible for good.
  ///
  /// - Throws: assertionFailed for a blob, metaTreeSubtreeNotExists for an unknown object.
  public func persist(_ id: ObjectID, in session: Session) throws(StoreError) {
    try Persisting(id, in: session, self).finish(self)
  }

  /// Whether an object is visible for good; blobs are not.
  ///
  /// - Throws: metaTreeSubtreeNotExists for an unknown object.
  public func isPersistent(_ id: ObjectID, in session: Session) throws(StoreError) -> Bool {
    if id.isBlob { return false }
    try requireObject(id, in: session)
    return session.metadata[id]?.isTransient == false
  }

  /// Adds labels to an object, replacing those with the same keys.
  ///
  /// - Throws: objectNotExists for an unknown object.
  public func label(_ id: ObjectID, _ labels: [(String, String)], by client: Client) throws(StoreError) {
    try Labelling(id, keys: labels.map(\.0), values: labels.map(\.1), by: client, self).finish(self)
  }

  /// Adds labels to an object, replacing those with the same keys.
  ///
  /// - Throws: objectNotExists for an unknown object.
  public func label(_ id: ObjectID, _ labels: [(String, String)], in session: Session) throws(StoreError) {
    try Labelling(id, keys: labels.map(\.0), values: labels.map(\.1), in: session, by: nil, self).finish(self)
  }

  /// Copies an object of a client's session under a new id, with the same members, and fields replaced or added.
  ///
  /// - Parameter extra: the fields; their values must be primitive.
  /// - Throws: assertionFailed for a blob or a field that is an object, metaTreeSubtreeNotExists for an unknown object.
  public func shallowCopy(
    _ id: ObjectID, extra: MetadataDocument = MetadataDocument(), by client: Client
  ) throws(StoreError) -> ObjectID {
    try ShallowCopy(id, extra: extra, by: client, self).finish(self)
  }

  /// Copies an object under a new id, with the same members, and fields replaced or added.
  ///
  /// - Parameters:
  ///   - extra: the fields; their values must be primitive.
  ///   - volume: through which the request comes, if through one.
  /// - Throws: assertionFailed for a blob or a field that is an object, metaTreeSubtreeNotExists for an unknown object.
  public func shallowCopy(
    _ id: ObjectID, extra: MetadataDocument = MetadataDocument(), in session: Session, of volume: Volume? = nil
  ) throws(StoreError) -> ObjectID {
    try ShallowCopy(id, extra: extra, in: session, of: volume, by: nil, self).finish(self)
  }
}
