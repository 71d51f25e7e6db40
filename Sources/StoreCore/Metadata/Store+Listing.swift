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
  public func putName(_ name: String, to id: ObjectID, in session: Session) throws(StoreError) {
    if id.isBlob { throw StoreError(.invalid, "blobs cannot have name") }
    guard let record = session.metadata[id] else {
      throw StoreError(.objectNotExists, "failed to put name: object \(id) does not exist\(lossNote(for: id))")
    }
    if record.isTransient {
      throw StoreError(.invalid, "transient objects cannot have name, please persist it first")
    }
    point(name, to: id, in: session)
  }

  /// Lets a name lead to an object, which takes it over if it was in use.
  func point(_ name: String, to id: ObjectID, in session: Session) {
    if let previous = session.setName(name, to: id) { refreshName(of: previous, in: session) }
    session.metadata.update(id) { $0.name = name }
    noteName(in: session)
    note(.name(session: session.id, name))
  }

  private func refreshName(of id: ObjectID, in session: Session) {
    let newest = session.names.name(of: id)
    session.metadata.update(id) { $0.name = newest }
  }

  /// The object of a name; with `wait` the request is parked until the name appears.
  ///
  /// - Parameter volume: through which the request comes, if through one.
  public func getName(
    _ name: String, wait: Bool, in session: Session, of volume: Volume? = nil
  ) throws(StoreError) -> Outcome<ObjectID> {
    if let id = session.names[name] { return .done(id) }
    if wait { return .park(.name(session: session.id, name)) }
    throw StoreError(.objectNotExists, "failed to find name: \(name)\(lossNote(in: session, of: volume))")
  }

  /// Forgets a name; unknown names are fine.
  public func dropName(_ name: String, in session: Session) {
    guard let id = session.removeName(name) else { return }
    refreshName(of: id, in: session)
    reconsider(id, in: session)
  }
}
