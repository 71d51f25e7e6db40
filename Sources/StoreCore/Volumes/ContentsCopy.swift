import StoreProtocol

/// Copies the contents of a volume at this moment into an empty one, with the same ids and bytes: objects and names at
/// once, blobs in steps.
///
/// A blob that the source loses meanwhile is copied just before.
final class ContentsCopy {
  private let source: Session
  private let target: Volume
  /// The blobs of the source when it began, without those copied out of turn.
  private var blobs: SortedTable<ObjectID, Blob>
  /// The first one that is still to be copied; nil when all are.
  private var next: ObjectID? = ObjectID(0)

  init(of source: Session, to target: Volume, _ store: Store) {
    self.source = source
    self.target = target
    blobs = source.blobs
    store.apply(.copy(of: source), to: target.session)
    source.copies.append(self)
    target.copy = self
  }

  /// Copies a blob that the source is about to lose.
  func save(_ id: ObjectID, _ store: Store) {
    guard let next, id >= next, let blob = blobs.removeValue(forKey: id) else { return }
    copy(blob, id, store)
  }

  fileprivate func copyNext(_ store: Store) {
    guard let first = next, let (id, blob) = blobs.first(from: first) else { return end(store) }
    next = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
    copy(blob, id, store)
    if next == nil { end(store) }
  }

  fileprivate var isDone: Bool { target.copy !== self }

  private func copy(_ original: Blob, _ id: ObjectID, _ store: Store) {
    store.work.spend(Work.item)
    guard original.isSealed, original.copy == nil else { return }
    store.share(original, id, with: target)
  }

  private func end(_ store: Store) {
    stop(store)
    if !target.isEmpty { store.noteFirstWrite(target) }
  }

  /// Copies no more, since everything is or the target is deleted.
  func stop(_ store: Store) {
    next = nil
    blobs = SortedTable()
    source.copies.removeAll { $0 === self }
    target.copy = nil
    store.noteContents(of: target)
  }
}

/// The steps of a copy.
private struct Copying: StoreTask {
  let copy: ContentsCopy

  func step(_ store: Store) -> Void? {
    while !copy.isDone {
      if store.work.isSpent { return nil }
      copy.copyNext(store)
    }
    return ()
  }
}

extension Store {
  /// Starts to copy the present contents of a volume to an empty one; see ``Volume/isBeingFilled``.
  func copyContents(of source: Volume, to target: Volume) {
    reclaim(Copying(copy: ContentsCopy(of: source.session, to: target, self)))
  }

  /// Gives a volume a blob of another, under the same id: with the same bytes where nobody can write them any more, else
  /// with a copy of them that comes later.
  ///
  /// See ``Volume/isBeingFilled`` and ``Volume/fillFailure``.
  func share(_ original: Blob, _ id: ObjectID, with target: Volume) {
    var blob = original
    blob.sealer = nil
    blob.usage = target.usage
    if memory.isWritable(blob.extent) {
      guard let extent = copyBytes(of: original, for: target) else { return }
      blob.extent = extent
      blob.offset = memory.range(extent).offset
      blob.charged = memory.charged(extent)
    } else {
      memory.addBlob(blob.extent)
    }
    target.session.blobs[id] = blob
    target.usage.charge(blob.charged, for: id)
  }
}

extension Session {
  /// Takes a blob out, after the tasks that copy the session have it.
  func removeBlob(_ id: ObjectID, _ store: Store) -> Blob? {
    for copy in copies { copy.save(id, store) }
    for hold in holds { hold.save(id, store) }
    guard var blob = blobs.removeValue(forKey: id) else { return nil }
    store.forgetCopy(&blob, in: self)
    return blob
  }
}
