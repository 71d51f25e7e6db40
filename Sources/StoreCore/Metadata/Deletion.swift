import StoreProtocol

/// Deletes objects and blobs with regard to their dependents.
public struct Deletion: StoreTask {
  public typealias Failure = Never

  private let force: Bool
  private let deep: Bool
  /// Whether nobody asked for it; then members that are used by name or otherwise stay.
  private let isImplicit: Bool
  private let remover: Client?
  /// The remover whose request it is; nil when nobody could be told of a refusal.
  private let client: Client?
  private let session: Session
  private let ids: [ObjectID]
  private var nextID = 0
  private var requested = SortedSet<ObjectID>()
  /// Objects that depend on the requested ones, directly or not, and those of them whose dependents are not found yet.
  private var ancestors = SortedSet<ObjectID>()
  private var explored: [ObjectID] = []
  private var exploring: (id: ObjectID, from: ObjectID)?
  /// Requested objects that go, and the index of the next of them.
  private var roots: [ObjectID] = []
  private var nextRoot = 0
  /// Members that go along, the next one last.
  private var pending: [ObjectID] = []
  private var unlinking: Unlinking?
  /// Whether blobs come back when the deletion is refused; not those that were deleted for themselves.
  private var keepsBlobs = true
  private var blobs: [ObjectID] = []

  /// - Parameters:
  ///   - force: delete although something depends on it, and delete that too.
  ///   - deep: delete object members nobody else uses as well; blob members go in any case.
  public init(_ ids: [ObjectID], force: Bool, deep: Bool, by remover: Client) {
    self.init(
      ids, of: remover.session, force: force, deep: deep, isImplicit: false, by: remover, for: remover)
  }

  /// - Parameters:
  ///   - isImplicit: whether nobody asked for it; then members that are used by name or otherwise stay.
  ///   - remover: the remover whose grants end; nil when nobody's do.
  ///   - client: the client whose request it is; nil when nobody could be told of a refusal.
  init(
    _ ids: [ObjectID], of session: Session, force: Bool, deep: Bool, isImplicit: Bool, by remover: Client?,
    for client: Client? = nil
  ) {
    self.ids = ids
    self.force = force
    self.deep = deep
    self.isImplicit = isImplicit
    self.remover = remover
    self.client = client
    self.session = session
  }

  /// Deletes blobs even if something uses them, and nothing else.
  public init(blobs ids: [ObjectID], by remover: Client) {
    self.init([], force: true, deep: false, by: remover)
    roots = ids
    isPlanned = true
    keepsBlobs = false
  }

  /// Takes out the single thing that is to be deleted, which has no name, so that nobody finds it from now on.
  mutating func begin(_ store: Store) {
    while !isPlanned { plan(store) }
    guard let id = next else { return }
    dropNext()
    delete(id, store)
  }

  /// The next object to go: members of objects that went, then requested objects, then their dependents.
  private var next: ObjectID? {
    pending.last ?? (nextRoot < roots.count ? roots[nextRoot] : ancestors.first(from: ObjectID(0)))
  }

  private mutating func dropNext() {
    if pending.popLast() != nil { return }
    if nextRoot < roots.count { nextRoot += 1 } else { _ = ancestors.popFirst() }
  }

  /// - Returns: the ids of the deleted blobs.
  public mutating func step(_ store: Store) -> [ObjectID]? {
    while !isPlanned {
      if store.work.isSpent { return nil }
      plan(store)
    }
    while true {
      while let member = unlinking?.next(session, store) {
        if !session.metadata.hasDependents(member), takes(member, store) { pending.append(member) }
      }
      if unlinking?.isDone == false { return nil }
      unlinking = nil
      guard let id = next else { return blobs }
      if store.work.isSpent { return nil }
      store.work.spend(Work.item)
      // An object goes after its names, of which there may be many.
      if isUsedSince(id, store) {
        dropNext()
        continue
      }
      if let name = session.names.firstName(of: id) {
        store.apply(.unname(name), to: session, by: client)
        continue
      }
      dropNext()
      delete(id, store)
    }
  }

  /// Whether a member that nothing else contains goes with its parent.
  private func takes(_ member: ObjectID, _ store: Store) -> Bool {
    if member.isBlob || requested.contains(member) { return true }
    if deep, !isImplicit { return true }
    // An object that has lost its name goes with the last object that contains it.
    return (deep || session.superseded.contains(member)) && !store.isUsed(member, in: session)
  }

  /// Whether something that was deleted came back and has this as a member.
  private func isUsedSince(_ id: ObjectID, _ store: Store) -> Bool {
    store.log.isKept && !force && session.metadata.hasDependents(id)
  }

  private mutating func delete(_ id: ObjectID, _ store: Store) {
    if id.isBlob {
      guard session.blobs[id] != nil else { return }
      if keepsBlobs {
        store.retireBlob(id, in: session, by: remover, for: client)
      } else {
        store.removeBlob(id, in: session, by: remover)
      }
      blobs.append(id)
    } else {
      if session.superseded.contains(id) { store.apply(.supersede(id, false), to: session, by: client) }
      if let links = store.removeObject(id, from: session, by: client) { unlinking = Unlinking(id, links) }
    }
  }

  /// Bytes of heap that the plan takes, estimated; it grows no more when the first thing is deleted.
  public var planBytes: Int {
    (requested.count + ancestors.count + explored.count + roots.count) * Self.bytesPerEntry
  }

  /// An id, in an array that grows by doubling or a table whose leaves may be half full.
  private static let bytesPerEntry = 16

  /// Whether all that is to be deleted is known, and nothing of it deleted yet.
  public private(set) var isPlanned = false

  // MARK: - Choice of objects

  private mutating func plan(_ store: Store) {
    store.work.spend(Work.entry)
    if nextID < ids.count {
      let id = ids[nextID]
      nextID += 1
      // The empty blob is everybody's: it depends on nobody and nobody goes with it.
      if id == .emptyBlob { return }
      requested.insert(id)
      if force { explored.append(id) }
      if force || !session.metadata.hasDependents(id) { roots.append(id) }
    } else if let (id, first) = exploring {
      guard let parent = session.metadata.dependents(of: id, from: first).first(where: { _ in true }) else {
        exploring = nil
        return
      }
      exploring = parent.rawValue == .max ? nil : (id, ObjectID(parent.rawValue + 1))
      if ancestors.insert(parent) { explored.append(parent) }
    } else if let id = explored.popLast() {
      exploring = (id, ObjectID(0))
    } else {
      isPlanned = true
    }
  }
}

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

  /// Deletes blobs directly, even if something uses them.
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

/// Deletes every object, name, blob and stream of a session: objects and names at once, blobs and streams in steps.
///
/// Blobs that others create meanwhile, or have not sealed yet, stay.
public struct Clearing: StoreTask {
  public typealias Failure = Never

  private let session: Session
  private let client: Client?
  /// The newest blob and the last stream when it began; nil before.
  private var bounds: (blob: ObjectID?, stream: ObjectID?)?
  private var ending: StaleGrants?

  public init(_ session: Session, by client: Client?) {
    self.session = session
    self.client = client
    ending = client.map { StaleGrants(of: $0) }
  }

  public mutating func step(_ store: Store) -> Void? {
    if bounds == nil {
      bounds = (session.blobs.last?.key, session.streams.last?.key)
      store.discardObjects(of: session, by: client)
    }
    while let bound = bounds?.stream, let (id, stream) = session.streams.last(through: bound) {
      if store.work.isSpent { return nil }
      bounds?.stream = id.rawValue == 0 ? nil : ObjectID(id.rawValue - 1)
      store.work.spend(Work.item)
      if !stream.isBeingWritten(byOthersThan: client) { store.forgetStream(id, in: session) }
    }
    while let bound = bounds?.blob, let (id, _) = session.blobs.last(through: bound) {
      if store.work.isSpent { return nil }
      bounds?.blob = id.rawValue == 0 ? nil : ObjectID(id.rawValue - 1)
      store.work.spend(Work.item)
      if store.isCleared(id, in: session, by: client) { store.removeBlob(id, in: session, by: client) }
    }
    return ending == nil ? () : ending?.step(store) ?? nil
  }
}
