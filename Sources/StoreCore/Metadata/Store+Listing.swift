import StoreProtocol

extension Store {
  /// The ids of objects whose type name matches, in ascending order, then of sealed blobs when the pattern as a
  /// wildcard matches theirs.
  public func listObjects(_ pattern: TextPattern, limit: UInt64, in session: Session) -> [ObjectID] {
    let limit = Int(clamping: limit)
    guard limit > 0 else { return [] }
    let matches = pattern.matcher()
    var verdicts: [ExactText: Bool] = [:]
    var found: [ObjectID] = []
    for id in session.metadata.ascending {
      guard let typename = session.metadata[id]?.typename else { continue }
      let isMatch = verdicts[ExactText(typename)] ?? matches(typename)
      verdicts[ExactText(typename)] = isMatch
      if isMatch { found.append(id) }
      if found.count == limit { return found }
    }
    if WildcardPattern(pattern.text).matches("vineyard::Blob") {
      let blobs = session.blobs.lazy.filter(\.value.isSealed).map(\.key).sorted()
      found.append(contentsOf: blobs.prefix(limit - found.count))
    }
    return found
  }

  /// The names that match and their objects, in ascending order of the stored names.
  public func listNames(
    _ pattern: TextPattern, limit: UInt64, in session: Session
  ) -> [(name: String, id: ObjectID)] {
    let limit = Int(clamping: limit)
    let matches = pattern.matcher()
    var found: [(name: String, id: ObjectID)] = []
    for name in session.names.ascending() {
      if found.count >= limit { break }
      if let id = session.names[name], matches(name) { found.append((name, id)) }
    }
    return found
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
    if let previous = session.names.set(name, to: id) { refreshName(of: previous, in: session) }
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
    guard let id = session.names.remove(name) else { return }
    refreshName(of: id, in: session)
    reconsider(id, in: session)
  }
}
