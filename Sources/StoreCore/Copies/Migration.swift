import StoreProtocol

/// Makes an object of another store, all of whose blobs have copies here, the store's own: a new object with the same
/// signature, which members of global objects resolve to, and whose blobs stay.
public struct Migration: StoreTask {
  private struct Frame {
    let id: ObjectID
    let record: MetadataRecord
    var links: [MemberLink] = []
  }

  private let id: ObjectID
  private let session: Session
  private let volume: Volume?
  private let client: Client?
  private let isTransient: Bool
  private var stack: [Frame] = []
  /// The new objects, by those they were made of.
  private var targets: [ObjectID: ObjectID] = [:]
  /// The new objects, each after its members.
  private(set) var made: [ObjectID] = []
  /// Blobs that were copies until a moment ago.
  private var kept: [RemoteBlob: ObjectID] = [:]

  /// - Parameters:
  ///   - volume: which pays for it, if one does.
  ///   - client: whose request it is.
  ///   - isTransient: whether the new objects are not yet visible for good.
  public init(_ id: ObjectID, in session: Session, of volume: Volume?, by client: Client?, isTransient: Bool) {
    self.id = id
    self.session = session
    self.volume = volume
    self.client = client
    self.isTransient = isTransient
  }

  /// - Throws: notEnoughMemory when the volume may not have so much, metaTreeSubtreeNotExists or globalObjectInvalid
  ///   when the object or a copy has gone; nothing is left then.
  public mutating func step(_ store: Store) throws(StoreError) -> ObjectID? {
    do throws(StoreError) {
      if made.isEmpty, stack.isEmpty { try open(id, store) }
      while let top = stack.last {
        if store.work.isSpent { return nil }
        store.work.spend(Work.entry)
        if top.links.count < top.record.links.count {
          try follow(top.record.links[top.links.count], store)
        } else {
          finish(top, store)
        }
      }
    } catch {
      takeBack(store)
      throw error
    }
    return targets[id]
  }

  /// Lets go of what is made when nobody waits for it any more.
  public func takeBack(_ store: Store) {
    for id in kept.values where !session.metadata.hasDependents(id) { store.removeBlob(id, in: session, by: nil) }
    guard !made.isEmpty else { return }
    store.reclaim(
      Ignoring(Deletion(made, of: session, force: true, deep: true, isImplicit: false, by: nil, for: client)))
  }

  private mutating func open(_ id: ObjectID, _ store: Store) throws(StoreError) {
    guard let record = session.metadata[id] else { throw store.unknownObject(id) }
    stack.append(Frame(id: id, record: record))
  }

  private mutating func follow(_ link: MemberLink, _ store: Store) throws(StoreError) {
    let own = store.instances.local
    switch link.target {
    case .object(let member):
      if let target = targets[member] {
        stack[stack.count - 1].links.append(MemberLink(target: .object(target), instance: own))
      } else {
        try open(member, store)
      }
    case .blob(.emptyBlob): stack[stack.count - 1].links.append(MemberLink(target: .blob(.emptyBlob), instance: own))
    case .blob(let blob):
      let original = RemoteBlob(instance: link.instance, id: blob)
      guard let copy = session.remoteCopies[original] ?? kept[original] else {
        throw StoreError(
          .globalObjectInvalid, "Local object cannot refer remote objects: \(blob) is on instance \(link.instance)")
      }
      try store.keepCopy(copy, in: session, of: volume)
      kept[original] = copy
      stack[stack.count - 1].links.append(MemberLink(target: .blob(copy), instance: own))
    case .signature:
      throw StoreError(.globalObjectInvalid, "a member of \(id) is spread over several instances")
    }
  }

  private mutating func finish(_ frame: Frame, _ store: Store) {
    stack.removeLast()
    store.work.spend(Work.item + frame.links.count * Work.entry)
    var record = frame.record
    record.links = frame.links
    record.instance = store.instances.local
    record.timestamp = store.now
    record.isTransient = isTransient
    record.standsIn = true
    record.name = nil
    record.owner = volume?.sharedSessionUsage
    let target = store.freshObjectID(in: session)
    for link in frame.links { session.link(link.id, to: target) }
    store.apply(.put(target, record), to: session, by: client)
    made.append(target)
    targets[frame.id] = target
  }
}

extension Store {
  /// The object to answer a migration with: itself, or the store's own copy of it.
  ///
  /// - Returns: nil when a copy has to be made.
  /// - Throws: metaTreeSubtreeNotExists for an unknown object, invalid for a blob or a global object.
  public func migrate(_ id: ObjectID, in session: Session) throws(StoreError) -> ObjectID? {
    if id.isBlob { throw StoreError(.invalid, "The blob \(id) cannot be migrated") }
    guard let record = session.metadata[id] else { throw unknownObject(id) }
    if record.isGlobal || record.instance == InstanceID.unspecified {
      throw StoreError(.invalid, "The global object \(id) cannot be migrated")
    }
    guard isElsewhere(record) else { return id }
    let found = session.metadata.resolve(signature: record.signature, fallback: id)
    return session.metadata[found].map { isElsewhere($0) } == false ? found : nil
  }
}
