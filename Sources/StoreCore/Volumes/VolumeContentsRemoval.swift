import StoreProtocol

/// Deletes the objects, blobs and streams of a volume in the root session, except members of objects outside of the
/// volume.
public struct VolumeContentsRemoval: StoreTask {
  public typealias Failure = Never

  private let usage: VolumeUsage
  private let session: Session
  private let client: Client?
  private let deletes: Bool
  /// Whether the rest no longer belongs to the volume from now on.
  private let clearsOwner: Bool
  /// The first object or blob that was not checked for users outside of the volume; nil when all were.
  private var nextCandidate: ObjectID? = ObjectID(0)
  private var explored: [ObjectID] = []
  /// An object that stays, and which of its members is next to be kept.
  private var keeping: (id: ObjectID, link: Int)?
  private var kept = SortedSet<ObjectID>()
  /// The last object, and the last blob, that is still to be looked at.
  private var lastObject: ObjectID? = ObjectID(.max)
  private var lastBlob: ObjectID? = ObjectID(.max)
  private var lastStream: ObjectID? = ObjectID(.max)
  private var unlinking: Unlinking?
  private var ending: StaleGrants?

  init(_ volume: Volume, clearsOwner: Bool, deletes: Bool, by client: Client?) {
    usage = volume.usage
    session = volume.session
    self.client = client
    self.deletes = deletes
    self.clearsOwner = clearsOwner
    ending = client.map { StaleGrants(of: $0) }
  }

  public mutating func step(_ store: Store) -> Void? {
    if nextCandidate == ObjectID(0) { store.forgetChanges(in: session, of: usage) }
    if deletes {
      while let first = nextCandidate {
        if store.work.isSpent { return nil }
        store.work.spend(2 * Work.entry)
        findUse(from: first)
      }
      while !store.work.isSpent, keepMembers(store) {}
      if keeping != nil || !explored.isEmpty { return nil }
    }
    while unlinking != nil || lastObject != nil {
      while unlinking?.next(session, store) != nil {}
      if store.work.isSpent { return nil }
      unlinking = nil
      store.work.spend(Work.item)
      handleObject(store)
    }
    while let last = lastBlob, let blob = usage.blobs.last(through: last) {
      if store.work.isSpent { return nil }
      store.work.spend(Work.item)
      lastBlob = ObjectID(blob.rawValue - 1)
      if deletes, !isKept(blob), store.isCleared(blob, in: session, by: client) {
        store.removeBlob(blob, in: session, by: client)
      } else if clearsOwner {
        session.blobs.update(blob) { $0.usage = nil }
      }
    }
    while deletes, let last = lastStream, let id = usage.streams.last(through: last) {
      if store.work.isSpent { return nil }
      store.work.spend(Work.item)
      lastStream = id.rawValue == 0 ? nil : ObjectID(id.rawValue - 1)
      if session.streams[id]?.isBeingWritten(byOthersThan: client) != true { store.forgetStream(id, in: session) }
    }
    return ending == nil ? () : ending?.step(store) ?? nil
  }

  // MARK: - Users outside of the volume

  /// Notes the next object or blob if one of others has it as a member.
  private mutating func findUse(from first: ObjectID) {
    let object = usage.objects.first(from: first)
    let blob = usage.blobs.first(from: first)
    guard let id = [object, blob].compactMap({ $0 }).min() else {
      nextCandidate = nil
      return
    }
    nextCandidate = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
    if isUsedByOthers(id), kept.insert(id) { explored.append(id) }
  }

  private func isUsedByOthers(_ id: ObjectID) -> Bool {
    session.metadata.dependents(of: id).contains { !usage.objects.contains($0) }
  }

  /// Keeps members of objects that stay, as far as the work allowed goes.
  ///
  /// - Returns: false when there is nothing left to look at.
  private mutating func keepMembers(_ store: Store) -> Bool {
    if keeping == nil {
      guard let id = explored.popLast() else { return false }
      keeping = (id, 0)
    }
    guard case (let id, var next)? = keeping else { return false }
    let links = session.metadata[id]?.links ?? []
    while next < links.count {
      if store.work.isSpent {
        keeping = (id, next)
        return true
      }
      store.work.spend(Work.entry)
      let member = links[next].id
      next += 1
      guard usage.objects.contains(member) || usage.blobs.contains(member) else { continue }
      if kept.insert(member) { explored.append(member) }
    }
    keeping = nil
    return true
  }

  /// Whether something stays, also because others have begun to use it since it was checked.
  private func isKept(_ id: ObjectID) -> Bool { kept.contains(id) || isUsedByOthers(id) }

  private mutating func handleObject(_ store: Store) {
    guard let last = lastObject, let object = usage.objects.last(through: last) else {
      lastObject = nil
      return
    }
    if deletes, !isKept(object) {
      if let name = session.names.firstName(of: object) {
        store.apply(.unname(name), to: session)
        return
      }
      lastObject = object.rawValue == 0 ? nil : ObjectID(object.rawValue - 1)
      store.forgetStream(object, in: session)
      if session.superseded.contains(object) { store.apply(.supersede(object, false), to: session) }
      if let links = store.removeObject(object, from: session) { unlinking = Unlinking(object, links) }
      return
    }
    lastObject = object.rawValue == 0 ? nil : ObjectID(object.rawValue - 1)
    guard clearsOwner else { return }
    store.apply(.removeOwner(object), to: session)
  }
}
