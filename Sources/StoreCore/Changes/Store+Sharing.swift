import StoreProtocol

/// What a store tells others of its objects, and takes over from them.
extension Store {
  /// The text of an object for a backend that others read; nil when there is none.
  public func storedText(of id: ObjectID, in session: Session) -> [UInt8]? {
    session.metadata[id].map { storedText(of: $0, in: session) }
  }

  /// The text of an object for a backend that others read.
  public func storedText(of record: MetadataRecord, in session: Session) -> [UInt8] {
    StoredForm.text(of: record) { session.metadata[$0]?.typename }
  }

  /// The labels of an object for a backend that others read; nil when there is no such object.
  public func storedLabels(of id: ObjectID, in session: Session) -> [UInt8]? {
    session.metadata[id].map(StoredForm.labels)
  }

  /// Takes over an object that somebody else made durable. One that is here already stays as it is.
  ///
  /// - Returns: its signature and where it is.
  /// - Throws: code 21 for a text that is no object.
  @discardableResult
  public func adoptObject(_ id: ObjectID, stored text: [UInt8], in session: Session) throws(StoreError) -> (
    signature: UInt64, instance: UInt64, isGlobal: Bool
  ) {
    let reading = text.withUnsafeBytes { bytes in
      StoredForm.record(of: bytes) { signature in
        let found = session.metadata.resolve(signature: signature, fallback: .invalid)
        return found == .invalid ? nil : found
      }
    }
    let record = try reading.get()
    if session.metadata[id]?.isTransient == true {
      adopt(.persist(id), in: session)
    } else if !session.metadata.contains(id), !log.isReserved(id, in: session) {
      for link in record.links where link.id != .invalid { session.link(link.id, to: id) }
      adopt(.put(id, record), in: session)
    }
    return (record.signature, record.instance, record.isGlobal)
  }

  /// Takes over labels that somebody else gave.
  public func adoptLabels(of id: ObjectID, stored text: [UInt8], in session: Session) {
    for (key, value) in text.withUnsafeBytes(StoredForm.labels) where session.metadata.contains(id) {
      adopt(.label(id, key: key, value: value), in: session)
    }
  }

  /// Takes over that somebody else deleted an object. Blobs that it had here go with it.
  public func adoptRemoval(of id: ObjectID, in session: Session) {
    guard let record = session.metadata[id], !record.isTransient else { return }
    adopt(.remove(id), in: session)
    dropCopies(of: record, in: session)
    for link in record.links where session.unlink(link.id, from: id) {
      // A blob of another store may have the number of one of this.
      if link.id.isBlob, link.instance == instances.local, !session.metadata.hasDependents(link.id) {
        removeBlob(link.id, in: session, by: nil)
      }
    }
  }

  /// Takes over a name that somebody else gave or, for nil, forgot.
  public func adoptName(_ name: String, _ id: ObjectID?, in session: Session) {
    guard session.names[name] != id else { return }
    adopt(id.map { .name(name, $0) } ?? .unname(name), in: session)
  }

  /// Makes a change that is durable already. It is kept while others are not, which are undone around it.
  private func adopt(_ change: MetadataChange, in session: Session) {
    let undo = session.apply(change)
    switch change {
    case .put(let id, _), .persist(let id): note(.object(session: session.id, id))
    case .name(let name, _):
      noteName(in: session)
      note(.name(session: session.id, name))
    default: break
    }
    if case .nothing = undo { return }
    if log.isPending { log.entries.append(.init(request: 0, session: session, step: .metadata(change, undo))) }
  }
}

extension MetadataRecord {
  /// The signature under which members of global objects find it, and where it is; nil for a global object, which has
  /// no record of its signature.
  public var sharedFacts: (signature: UInt64, instance: UInt64)? { isGlobal ? nil : (signature, instance) }
}

extension Store {
  /// Persistent objects whose blobs are on other stores.
  public func persistentObjects(elsewhereThan instance: UInt64, in session: Session) -> [ObjectID] {
    session.metadata.records.filter { !$0.value.isTransient && $0.value.instance != instance }.map(\.key)
  }
}
