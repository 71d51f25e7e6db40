import StoreProtocol

/// What a store tells others of its objects, and takes over from them.
extension Store {
  /// Whether an object is there for everybody.
  public func isShared(_ id: ObjectID, in session: Session) -> Bool { session.metadata[id]?.isTransient == false }

  /// An object that is there for everybody.
  public func sharedRecord(of id: ObjectID, in session: Session) -> MetadataRecord? {
    session.metadata[id].flatMap { $0.isTransient ? nil : $0 }
  }

  /// Another object that is there for everybody on an instance and has a signature.
  public func sharedObject(signature: UInt64, instance: UInt64, in session: Session) -> ObjectID? {
    let id = session.metadata.resolve(signature: signature, fallback: .invalid)
    return sharedRecord(of: id, in: session)?.instance == instance ? id : nil
  }

  /// The text of an object for a backend that others read; nil when there is none.
  public func storedText(of id: ObjectID, in session: Session) -> [UInt8]? {
    session.metadata[id].map { storedText(of: $0, in: session) }
  }

  /// The text of an object for a backend that others read.
  public func storedText(of record: MetadataRecord, in session: Session) -> [UInt8] {
    StoredForm.text(of: record) { session.metadata[$0]?.typename }
  }

  /// The labels of an object for a backend that others read; nil when it has none.
  public func storedLabels(of id: ObjectID, in session: Session) -> [UInt8]? {
    session.metadata[id].flatMap { $0.labels.count == 0 ? nil : StoredForm.labels(of: $0) }
  }

  /// Whether a request has deleted an object and is not durable yet, so that it may come back.
  public func isBeingDeleted(_ id: ObjectID, in session: Session) -> Bool { log.isBeingDeleted(id, in: session) }

  /// Takes over an object that somebody else made durable. One that is here already stays as it is, one that is being
  /// deleted stays away.
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
    var record = try reading.get()
    if session.metadata[id]?.isTransient == true {
      adopt(.persist(id), in: session)
    } else if !session.metadata.contains(id), !log.isBeingDeleted(id, in: session) {
      record.name = session.names.name(of: id)
      for link in record.links {
        if case .signature(_, _, .invalid) = link.target { continue }
        session.link(link.id, to: id)
      }
      adopt(.put(id, record), in: session)
    }
    return (record.signature, record.instance, record.isGlobal)
  }

  /// Takes over the labels that somebody else gave an object instead of those it had; nil for none.
  public func adoptLabels(of id: ObjectID, stored text: [UInt8]?, in session: Session) {
    guard let former = session.metadata[id]?.labels.map(\.key.text) else { return }
    let labels = text.map { $0.withUnsafeBytes(StoredForm.labels) } ?? []
    let kept = Set(labels.map(\.key))
    for key in former where !kept.contains(key) { adopt(.label(id, key: key, value: nil), in: session) }
    for (key, value) in labels { adopt(.label(id, key: key, value: value), in: session) }
  }

  /// Takes over that somebody else deleted an object. Its names go with it, and the blobs that it had here.
  ///
  /// - Returns: the names that went.
  @discardableResult
  public func adoptRemoval(of id: ObjectID, in session: Session) -> [String] {
    guard let record = session.metadata[id], !record.isTransient else { return [] }
    var names: [String] = []
    while let name = session.names.firstName(of: id) {
      adopt(.unname(name), in: session)
      names.append(name)
    }
    adopt(.remove(id), in: session)
    dropCopies(of: record, in: session)
    for link in record.links where session.unlink(link.id, from: id) {
      // A blob of another store may have the number of one of this.
      if link.id.isBlob, link.instance == instances.local, !session.metadata.hasDependents(link.id) {
        removeBlob(link.id, in: session, by: nil)
      }
    }
    return names
  }

  /// Takes over a name that somebody else gave or, for nil, forgot.
  ///
  /// - Returns: false when there is no such object (yet): then the name leads nowhere.
  @discardableResult
  public func adoptName(_ name: String, _ id: ObjectID?, in session: Session) -> Bool {
    let target = id.flatMap { session.metadata[$0]?.isTransient == false ? $0 : nil }
    if session.names[name] != target {
      adopt(target.map { .name(name, $0) } ?? .unname(name), in: session)
    }
    return target == id
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

extension MetadataRecord {
  /// Objects that it has as members, blobs left out.
  public var memberObjects: [ObjectID] { links.map(\.id).filter { !$0.isBlob && $0 != .invalid } }

  /// The newest of its names, in the form in which names are stored.
  public var storedName: String? { name.map(NameTable.escaped) }
}

extension Session {
  /// Objects that are there for everybody, with the instances that have their blobs.
  public var sharedObjects: [(id: ObjectID, instance: UInt64)] {
    metadata.records.filter { !$0.value.isTransient }.map { (id: $0.key, instance: $0.value.instance) }
  }

  /// All names with their objects.
  public var sharedNames: [(name: String, id: ObjectID)] { Array(names.ascending()) }

  /// The object that a name leads to.
  public func target(of name: String) -> ObjectID? { names[name] }
}
