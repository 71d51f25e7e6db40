import StoreProtocol

extension Store {
  /// The ids of objects whose type name matches, in ascending order, then of sealed blobs when the pattern as a
  /// wildcard matches theirs.
  ///
  /// - Throws: invalid when the pattern takes too much work.
  public func listObjects(
    _ pattern: TextPattern, limit: UInt64, in session: Session
  ) throws(StoreError) -> [ObjectID] {
    try ObjectListing(pattern, limit: limit, in: session).finish(self)
  }

  /// The names that match and their objects, in ascending order of the stored names.
  ///
  /// - Throws: invalid when the pattern takes too much work.
  public func listNames(
    _ pattern: TextPattern, limit: UInt64, in session: Session
  ) throws(StoreError) -> [(name: String, id: ObjectID)] {
    try NameListing(pattern, limit: limit, in: session).finish(self)
  }

  // MARK: - Names

  /// Names a persistent object; a name in use is taken over.
  ///
  /// - Returns: the object that had the name.
  /// - Throws: objectNotExists for an unknown object, invalid for a blob or an object that is not persistent.
  @discardableResult
  public func putName(
    _ name: String, to id: ObjectID, in session: Session
  ) throws(StoreError) -> ObjectID? { try putName(name, to: id, in: session, by: nil) }

  func putName(
    _ name: String, to id: ObjectID, in session: Session, by client: Client?
  ) throws(StoreError) -> ObjectID? {
    if id.isBlob { throw StoreError(.invalid, "blobs cannot have name") }
    guard let record = session.metadata[id] else {
      throw StoreError(.objectNotExists, "failed to put name: object \(id) does not exist\(lossNote(for: id))")
    }
    if record.isTransient {
      throw StoreError(.invalid, "transient objects cannot have name, please persist it first")
    }
    return apply(.name(name, id), to: session, by: client).formerTarget
  }

  /// The object of a name; with `wait` the request is parked until the name appears.
  ///
  /// - Parameter volume: through which the request comes, if through one.
  /// - Throws: objectNotExists for an unknown name, without `wait`.
  public func getName(
    _ name: String, wait: Bool, in session: Session, of volume: Volume? = nil
  ) throws(StoreError) -> Outcome<ObjectID> {
    if let id = session.names[name] { return .done(id) }
    if wait { return .park(.name(session: session.id, name)) }
    throw StoreError(.objectNotExists, "failed to find name: \(name)\(lossNote(in: session, of: volume))")
  }

  /// Forgets a name; unknown names are fine.
  public func dropName(_ name: String, in session: Session) { dropName(name, in: session, by: nil) }

  /// Forgets a name; unknown names are fine.
  public func dropName(_ name: String, by client: Client) { dropName(name, in: client.session, by: client) }

  private func dropName(_ name: String, in session: Session, by client: Client?) {
    guard let id = apply(.unname(name), to: session, by: client).formerTarget else { return }
    reconsider(id, in: session)
  }
}
