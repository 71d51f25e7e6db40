import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// A change of keys about volumes: the keys it looks at, and the transaction that follows from them, which compares
/// what was looked at. Pure.
struct VolumeOperation: Sendable {
  enum Kind: Sendable {
    /// Makes a volume or finds it, and notes that the store has it.
    case open(SharedVolume)
    case change(String, SharedVolumeChange)
    /// Deletes the document and leaves a tombstone, until no place has the volume.
    case delete(String)
    /// Notes that instances have a volume no more. The last one takes what is left of it.
    case leave(String, session: UInt64, instances: Set<UInt64>)
    /// Makes a document again that etcd has lost, unless others have a newer one.
    case restore(SharedVolume)
    /// Deletes a snapshot with its session.
    case deleteSnapshot(String)
    /// Makes the document of a snapshot again that etcd has lost.
    case restoreSnapshot(SharedVolume)
    /// Removes a session that no volume or snapshot has any more.
    case discard(UInt64)

    /// What operations follow each other on: the volume. No volume has the id of a snapshot or a session here.
    var id: String {
      switch self {
      case .open(let volume), .restore(let volume): volume.id
      case .change(let id, _), .delete(let id), .leave(let id, _, _): id
      case .deleteSnapshot(let id): "~snapshots/\(id)"
      case .restoreSnapshot(let snapshot): "~snapshots/\(snapshot.id)"
      case .discard(let session): "~sessions/\(session)"
      }
    }
  }

  enum Outcome: Sendable, Equatable {
    case volume(SharedVolume)
    case nothing
    case refused(StoreError)
  }

  enum Step: Sendable, Equatable {
    case write(Transaction, then: Outcome)
    case end(Outcome)
  }

  let kind: Kind
  let layout: KeyLayout
  /// The store that does it, and where it is.
  let instance: UInt64
  let place: String

  /// The keys to be read first, in one transaction.
  var ranges: [KeyRange] {
    switch kind {
    case .open(let wish): [.key(layout.text(.document(wish.id)))]
    case .change(let id, _), .delete(let id): [.key(layout.text(.document(id)))]
    case .leave(let id, let session, _):
      [.prefix(layout.places(of: id)), .key(layout.text(.tombstone(id, session: session)))]
    case .restore(let volume):
      [
        .key(layout.text(.document(volume.id))), .key(layout.text(.tombstone(volume.id, session: volume.session))),
      ]
    case .deleteSnapshot(let id): [.key(layout.text(.snapshot(id)))]
    case .restoreSnapshot(let snapshot): [.key(layout.text(.snapshot(snapshot.id)))]
    case .discard(let session): [.key(layout.text(.copy(session)))]
    }
  }

  /// What follows from what was read.
  func next(after pairs: [KeyValue]) -> Step {
    do throws(StoreError) {
      switch kind {
      case .open(let wish): return try open(wish, pairs.first)
      case .change(let id, let change): return try self.change(id, change, pairs.first)
      case .delete(let id): return try delete(id, pairs.first)
      case .leave(let id, let session, let instances): return leave(id, session, instances, pairs)
      case .restore(let volume): return try restore(volume, pairs)
      case .deleteSnapshot: return try deleteSnapshot(pairs.first)
      case .restoreSnapshot(let snapshot):
        if !pairs.isEmpty { return .end(.nothing) }
        let key = layout.text(.snapshot(snapshot.id))
        return .write(
          Transaction(if: [.isAbsent(key)], then: [.put(key: key, value: snapshot.json)]), then: .volume(snapshot))
      case .discard(let session): return discard(session, pairs.first)
      }
    } catch {
      return .end(.refused(error))
    }
  }

  private func open(_ wish: SharedVolume, _ found: KeyValue?) throws(StoreError) -> Step {
    let document = try found.map { (pair) throws(StoreError) in try SharedVolume(pair.value) } ?? wish
    try document.settings.requireAgreement(with: wish.settings)
    let key = layout.text(.document(wish.id))
    let making = found == nil ? [Transaction.Operation.put(key: key, value: wish.json)] : []
    return .write(
      Transaction(if: [.isUnchanged(key, since: found?.modRevision ?? 0)], then: making + [place(of: document)]),
      then: .volume(document))
  }

  private func change(_ id: String, _ change: SharedVolumeChange, _ found: KeyValue?) throws(StoreError) -> Step {
    guard let found else { throw StoreError(.objectNotExists, "volume '\(id)' does not exist") }
    var document = try SharedVolume(found.value)
    switch change {
    case .freezing(let isFrozen): document.isFrozen = isFrozen
    case .settings(let change):
      if let quota = change.quota { document.settings.quota = quota }
      if let onDelete = change.onDelete { document.settings.onDelete = onDelete }
    }
    document.generation &+= 1
    return .write(
      Transaction(
        if: [.isUnchanged(found.key, since: found.modRevision)], then: [.put(key: found.key, value: document.json)]),
      then: .volume(document))
  }

  private func delete(_ id: String, _ found: KeyValue?) throws(StoreError) -> Step {
    guard let found else { return .end(.nothing) }
    let document = try SharedVolume(found.value)
    let tombstone = layout.text(.tombstone(id, session: document.session))
    return .write(
      Transaction(
        if: [.isUnchanged(found.key, since: found.modRevision)],
        then: [.delete(.key(found.key)), .put(key: tombstone, value: document.json)]),
      then: .volume(document))
  }

  private func leave(_ id: String, _ session: UInt64, _ instances: Set<UInt64>, _ pairs: [KeyValue]) -> Step {
    var mine: [KeyValue] = []
    var other: KeyValue?
    var isDeleted = false
    for pair in pairs {
      switch layout.parseVolume(pair.key) {
      case .tombstone: isDeleted = true
      case .open(_, let instance) where PlaceRecord(pair.value)?.session == session:
        if instances.contains(instance) { mine.append(pair) } else { other = pair }
      default: break
      }
    }
    let tombstone = layout.text(.tombstone(id, session: session))
    let leaving = mine.map { Transaction.Operation.delete(.key($0.key)) }
    let unchanged = mine.map { Transaction.Comparison.isUnchanged($0.key, since: $0.modRevision) }
    if !isDeleted {
      if mine.isEmpty { return .end(.nothing) }
      return .write(Transaction(if: unchanged + [.isAbsent(tombstone)], then: leaving), then: .nothing)
    }
    if let other {
      if mine.isEmpty { return .end(.nothing) }
      // Of two that leave at the same time one is the last. The other one's record may be of a new volume by now.
      let comparisons = unchanged + [.isUnchanged(other.key, since: other.modRevision)]
      return .write(Transaction(if: comparisons, then: leaving), then: .nothing)
    }
    // Nobody can join a volume without a document.
    let contents = layout.removal(of: session)
    return .write(
      Transaction(
        if: unchanged + [.exists(tombstone)],
        then: leaving + contents + [.delete(.key(tombstone)), .delete(.key(layout.grants(of: id, session: session)))]),
      then: .nothing)
  }

  private func restore(_ volume: SharedVolume, _ pairs: [KeyValue]) throws(StoreError) -> Step {
    let key = layout.text(.document(volume.id))
    let tombstone = layout.text(.tombstone(volume.id, session: volume.session))
    if pairs.contains(where: { $0.key == tombstone }) { return .end(.nothing) }
    let found = pairs.first { $0.key == key }
    let document = try found.map { (pair) throws(StoreError) in try SharedVolume(pair.value) } ?? volume
    guard document.session == volume.session else { return .end(.nothing) }
    let newest = document.generation < volume.generation ? volume : document
    let making = found == nil || newest != document ? [Transaction.Operation.put(key: key, value: newest.json)] : []
    return .write(
      Transaction(
        if: [.isUnchanged(key, since: found?.modRevision ?? 0), .isAbsent(tombstone)],
        then: making + [place(of: newest)]),
      then: .volume(newest))
  }

  private func deleteSnapshot(_ found: KeyValue?) throws(StoreError) -> Step {
    guard let found else { return .end(.nothing) }
    let document = try SharedVolume(found.value)
    return .write(
      Transaction(
        if: [.isUnchanged(found.key, since: found.modRevision)],
        then: [.delete(.key(found.key))] + layout.removal(of: document.session)),
      then: .volume(document))
  }

  private func discard(_ session: UInt64, _ copy: KeyValue?) -> Step {
    // Somebody goes on with it, and ends it.
    if copy != nil { return .end(.nothing) }
    return .write(
      Transaction(
        if: [.isAbsent(layout.text(.copy(session)))],
        then: [.delete(.prefix(layout.parts(of: session)))] + layout.removal(of: session)), then: .nothing)
  }

  private func place(of document: SharedVolume) -> Transaction.Operation {
    .put(
      key: layout.text(.open(document.id, instance)),
      value: PlaceRecord(session: document.session, place: place).text)
  }
}

extension KeyLayout {
  /// Removes all objects, names and signatures of a session, unless it is the root session.
  func removal(of session: UInt64) -> [Transaction.Operation] {
    session == 0 ? [] : contents(of: session).map { .delete(.prefix($0)) }
  }
}
