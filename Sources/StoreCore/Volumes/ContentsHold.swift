import StoreProtocol

/// Keeps the blobs that a volume or snapshot of several stores loses, from a moment on, until a copy of it has its part
/// on this store.
///
/// What is copied is decided later, by a revision of the metadata that all stores share: by then everything that was
/// there at that revision is still here.
final class ContentsHold {
  private struct Kept {
    let blob: Blob
    /// Whether its bytes may be taken back from clients once nobody has it.
    let isReused: Bool
  }

  let source: Session
  private var kept: [ObjectID: Kept] = [:]
  /// The volume or snapshot that is filled; nobody sees it before it is promoted.
  fileprivate(set) var target: Volume?
  /// The number of blobs that were not here any more.
  fileprivate var missing = 0
  /// Whether the target has all blobs that it gets, whose bytes may still be on their way.
  fileprivate var isShared = false
  /// Is told, once all bytes of the target are there, how many blobs it lacks, or why it cannot have them.
  fileprivate var whenFilled: ((Result<Int, StoreError>) -> Void)?

  init(of source: Session, _ store: Store) {
    self.source = source
    // What was deleted a moment ago may be there for others still.
    for (id, blob) in store.log.retiredBlobs(in: source) { keep(blob, id, store) }
    source.holds.append(self)
  }

  /// The number of blobs that only this keeps.
  var keptBlobs: Int { kept.count }

  /// Keeps a blob that the source is about to lose.
  func save(_ id: ObjectID, _ store: Store) {
    if let blob = source.blobs[id] { keep(blob, id, store) }
  }

  private func keep(_ original: Blob, _ id: ObjectID, _ store: Store) {
    guard original.isSealed, original.copy == nil, kept[id] == nil else { return }
    var blob = original
    blob.sealer = nil
    blob.usage = nil
    store.memory.addBlob(blob.extent)
    kept[id] = Kept(blob: blob, isReused: store.reusesDeleted(original))
  }

  /// A blob that the source has, or had since.
  fileprivate func blob(_ id: ObjectID) -> Blob? {
    if let blob = source.blobs[id], blob.isSealed, blob.copy == nil { return blob }
    return kept[id]?.blob
  }

  /// Lets go of what only this keeps.
  func end(_ store: Store) {
    source.holds.removeAll { $0 === self }
    for (id, entry) in kept { store.memory.removeBlob(entry.blob.extent, called: id, reuses: entry.isReused) }
    kept = [:]
  }
}

/// Gives the target of a hold the blobs that its objects have on this store.
private struct PartCopying: StoreTask {
  let hold: ContentsHold
  let target: Volume
  private var nextObject = ObjectID(0)
  private var nextLink = 0
  private var missing = 0

  init(_ hold: ContentsHold, to target: Volume) {
    self.hold = hold
    self.target = target
  }

  mutating func step(_ store: Store) -> Void? {
    guard store.holds[target.session.id] === hold else { return () }
    while let (id, record) = target.session.metadata.records.first(from: nextObject) {
      if id != nextObject { (nextObject, nextLink) = (id, 0) }
      while nextLink < record.links.count {
        if store.work.isSpent { return nil }
        copy(record.links[nextLink], store)
        nextLink += 1
      }
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      guard id.rawValue < .max else { break }
      (nextObject, nextLink) = (ObjectID(id.rawValue + 1), 0)
    }
    if !target.isEmpty { target.usage.isWritten = true }
    hold.missing = missing
    hold.isShared = true
    store.noteContents(of: target)
    return ()
  }

  private mutating func copy(_ link: MemberLink, _ store: Store) {
    store.work.spend(Work.entry)
    guard case .blob(let id) = link.target, id != .emptyBlob, link.instance == store.instances.local,
      !target.session.blobs.contains(id)
    else { return }
    if let blob = hold.blob(id) { store.share(blob, id, with: target) } else { missing += 1 }
  }
}

/// Copies of volumes of several stores: each store gives the copy what it has of it itself.
extension Store {
  /// Keeps what a volume or snapshot has and loses from now on, for a copy that gets a session of this number.
  public func holdContents(of source: Volume, for session: UInt64) {
    guard holds[session] == nil else { return }
    holds[session] = ContentsHold(of: source.session, self)
  }

  /// Whether contents are held for a copy of this session.
  public func isHolding(for session: UInt64) -> Bool { holds[session] != nil }

  /// Opens the session of a copy, which nobody sees yet. It has nothing yet.
  ///
  /// - Throws: objectExists when the session is something else here, objectNotExists when nothing is held for it.
  public func openCopy(_ document: SharedVolume, _ kind: Volume.Kind) throws(StoreError) -> Volume {
    guard let hold = holds[document.session], hold.target == nil else {
      throw StoreError(.objectNotExists, "nothing is held for a copy with session \(document.session)")
    }
    guard sessions[document.session] == nil else {
      throw StoreError(.objectExists, "session \(document.session) is in use here")
    }
    guard volume(document.id, kind) == nil else {
      throw StoreError(.objectExists, "there is another \(kind.rawValue) of that id here")
    }
    let session = openSession(.normal, document.session)
    let volume = Volume(
      document.settings, kind: kind, session: session, created: document.created,
      deletedMemory: configuration.deletedMemory)
    volume.isFrozen = document.isFrozen
    volume.generation = document.generation
    session.volume = volume
    hold.target = volume
    return volume
  }

  /// Gives a copy, whose objects are here, the blobs that they have on this store, with bytes of its own where a client
  /// may still write the source's.
  ///
  /// - Parameter answer: gets, once all bytes are there, the number of blobs that are not here any more, or why there is
  ///   no room for them. Not called when the copy is given up.
  public func fillCopy(_ copy: Volume, then answer: @escaping (Result<Int, StoreError>) -> Void) {
    guard let hold = holds[copy.session.id], hold.target === copy else { return }
    hold.whenFilled = answer
    reclaim(PartCopying(hold, to: copy))
  }

  /// Answers who fills a copy, when all of its bytes are there.
  func noteFilled(_ copy: Volume) {
    guard let hold = holds[copy.session.id], hold.target === copy, hold.isShared, let answer = hold.whenFilled else {
      return
    }
    hold.whenFilled = nil
    answer(copy.fillFailure.map { .failure($0) } ?? .success(hold.missing))
  }

  /// Ends a copy that is complete on all stores: it is a volume or snapshot from now on.
  ///
  /// - Returns: nil when this store has no part of it, or has another volume of that id.
  public func promoteCopy(_ document: SharedVolume, _ kind: Volume.Kind) -> Volume? {
    guard let target = endHold(for: document.session) else { return nil }
    guard volume(document.id, kind) == nil else {
      discard(target)
      return nil
    }
    target.generation = document.generation
    target.isFrozen = document.isFrozen || kind == .snapshot
    target.contents = document.contents
    if kind == .volume { volumes[document.id] = target } else { snapshots[document.id] = target }
    return target
  }

  /// Gives up a copy, or what was held for one.
  public func abandonCopy(_ session: UInt64) {
    if let target = endHold(for: session) { discard(target) }
  }

  private func endHold(for session: UInt64) -> Volume? {
    guard let hold = holds.removeValue(forKey: session) else { return nil }
    hold.end(self)
    return hold.target
  }

  private func discard(_ copy: Volume) {
    copy.session.isAbandoned = true
    forgetChanges(in: copy.session)
    reclaim(SessionRemoval(of: copy.session))
  }

  /// Copies that nobody sees yet.
  var unseenCopies: [Volume] { holds.values.compactMap(\.target) }
}
