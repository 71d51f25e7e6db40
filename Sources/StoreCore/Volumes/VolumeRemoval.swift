import StoreProtocol

/// Takes everything from the clients of a deleted volume, and deletes or keeps its contents as its settings say.
struct VolumeRemoval: StoreTask {
  typealias Failure = Never

  private enum Contents {
    case session(SessionRemoval)
    case moving(ContentsMove, SessionRemoval)
    case owned(VolumeContentsRemoval)
    case none
  }

  private let volume: Volume
  /// The next one last.
  private var clients: [ClientRemoval]
  private var contents: Contents

  init(_ volume: Volume, of clients: [Client], _ store: Store) {
    self.volume = volume
    // Files that only this volume has end with it, whoever still maps them.
    let ends = store.memory.isSeparated && volume.settings.scope == .volume
    let retains = volume.settings.onDelete == .retain && volume.kind == .volume
    self.clients = clients.reversed().map {
      ClientRemoval(of: $0, keepsGrants: !ends || retains, staysConnected: true)
    }
    if ends { store.memory.closeTenant(volume.session.id) }
    switch (volume.settings.scope, volume.settings.onDelete) {
    case (.volume, .retain) where volume.kind == .volume:
      // Of what all stores have each moves its own.
      contents = .moving(
        ContentsMove(of: volume.session, to: store.root, isShared: volume.isShared), SessionRemoval(of: volume.session))
    case (.volume, _): contents = .session(SessionRemoval(of: volume.session))
    case (.cluster, let onDelete):
      contents = .owned(VolumeContentsRemoval(volume, clearsOwner: true, deletes: onDelete == .delete, by: nil))
    }
  }

  mutating func step(_ store: Store) -> Void? {
    while !clients.isEmpty {
      guard clients[clients.count - 1].step(store) != nil else { return nil }
      clients.removeLast()
    }
    let contents = contents
    self.contents = .none
    switch contents {
    case .session(var removal):
      if removal.step(store) != nil { return () }
      self.contents = .session(removal)
    case .moving(var move, let removal):
      if move.step(store) != nil {
        self.contents = .session(removal)
        return store.work.isSpent ? nil : step(store)
      }
      self.contents = .moving(move, removal)
    case .owned(var removal):
      if removal.step(store) != nil { return () }
      self.contents = .owned(removal)
    case .none: return ()
    }
    return nil
  }
}

/// Moves objects, names and sealed blobs of an unused session into another; an id that is taken there is replaced by a
/// new one.
struct ContentsMove: StoreTask {
  typealias Failure = Never

  private let source: Session
  private let target: Session
  /// Whether other stores have the source, too, and move what is theirs.
  private let isShared: Bool
  private var newIDs = SortedTable<ObjectID, ObjectID>()
  /// The first object whose new id is not known yet; nil when all are.
  private var nextID: ObjectID? = ObjectID(0)
  private var nextObject = ObjectID(0)

  init(of source: Session, to target: Session, isShared: Bool) {
    self.isShared = isShared
    self.source = source
    self.target = target
  }

  mutating func step(_ store: Store) -> Void? {
    while let (id, blob) = source.blobs.first(from: ObjectID(0)) {
      if store.work.isSpent { return nil }
      move(blob, id, store)
    }
    while let first = nextID, let (id, _) = source.metadata.records.first(from: first) {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      if target.metadata.contains(id) || store.log.isReserved(id, in: target) {
        newIDs[id] = store.freshObjectID(in: target)
      }
      nextID = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
    }
    nextID = nil
    while let (id, record) = source.metadata.records.first(from: nextObject) {
      if store.work.isSpent { return nil }
      move(record, id, store)
      if id.rawValue == .max { break }
      nextObject = ObjectID(id.rawValue + 1)
    }
    return ()
  }

  private mutating func move(_ blob: Blob, _ id: ObjectID, _ store: Store) {
    store.work.spend(Work.item)
    guard blob.isSealed, blob.copy == nil else { return store.removeBlob(id, in: source, by: nil) }
    var blob = blob
    _ = source.removeBlob(id, store)
    blob.usage?.refund(blob.charged, for: id)
    blob.usage = nil
    store.endSealing(&blob, in: source)
    let isTaken = target.blobs.contains(id) || store.log.isReserved(id, in: target)
    let newID = isTaken ? store.freshBlobID(in: target) : id
    if newID != id { newIDs[id] = newID }
    target.blobs[newID] = blob
    store.note(.object(session: target.id, newID))
  }

  private mutating func move(_ record: MetadataRecord, _ id: ObjectID, _ store: Store) {
    if isShared, record.isGlobal ? !store.ids.isOwn(id) : store.isElsewhere(record) {
      return store.work.spend(Work.entry)
    }
    var record = record
    let newID = newIDs[id] ?? id
    store.work.spend(Work.item + record.links.count * Work.entry)
    if !newIDs.isEmpty { record.links = record.links.map { $0.following(newIDs) } }
    for link in record.links { target.link(link.id, to: newID) }
    store.apply(.put(newID, record), to: target)
    for name in Array(source.names.names(of: id)) { store.apply(.name(name, newID), to: target) }
  }
}

extension MemberLink {
  /// The same link where ids have changed.
  fileprivate func following(_ newIDs: SortedTable<ObjectID, ObjectID>) -> MemberLink {
    switch target {
    case .object(let id): MemberLink(target: .object(newIDs[id] ?? id), instance: instance)
    case .blob(let id): MemberLink(target: .blob(newIDs[id] ?? id), instance: instance)
    case .signature(let signature, let place, let fallback):
      MemberLink(
        target: .signature(signature, instance: place, fallback: newIDs[fallback] ?? fallback), instance: instance)
    }
  }
}

extension Store {
  /// Deletes a volume, and deletes or keeps its contents as its settings say.
  ///
  /// Its clients stay connected but own nothing any more; the server shows them out.
  /// - Returns: the volume there was, if any.
  @discardableResult
  public func deleteVolume(_ id: String) -> Volume? {
    guard let volume = volumes.removeValue(forKey: id) else { return nil }
    volume.copy?.stop(self)
    outbox.remove(volume)
    if volume.session !== root {
      volume.session.isAbandoned = true
      forgetChanges(in: volume.session)
    }
    reclaim(VolumeRemoval(volume, of: clients(of: volume), self))
    return volume
  }

  /// The clients of a volume, in the order in which they came.
  func clients(of volume: Volume) -> [Client] {
    clients.values.filter { $0.volume === volume }.sorted { $0.id < $1.id }
  }

  /// Deletes everything that was written through a volume, and nothing else.
  public func clear(_ volume: Volume, by client: Client? = nil) {
    VolumeClearing(volume, by: client).finish(self)
  }
}

/// Deletes everything that was written through a volume, and nothing else.
public struct VolumeClearing: StoreTask {
  public typealias Failure = Never

  private var session: Clearing?
  private var owned: VolumeContentsRemoval?

  public init(_ volume: Volume, by client: Client?) {
    if volume.settings.scope == .cluster {
      owned = VolumeContentsRemoval(volume, clearsOwner: false, deletes: true, by: client)
    } else {
      session = Clearing(volume.session, by: client)
    }
  }

  public mutating func step(_ store: Store) -> Void? {
    session != nil ? session?.step(store) ?? nil : owned?.step(store) ?? nil
  }
}
