import StoreProtocol

/// Kind of a session: how its objects are stored and seen.
public enum StoreKind: UInt64, Sendable {
  case normal = 1
  case plasma = 2
}

/// An isolated store: its own blobs, objects, names and streams.
public final class Session {
  /// 0 for the root session.
  public let id: UInt64
  public let kind: StoreKind
  var blobs = SortedTable<ObjectID, Blob>()
  private(set) var metadata = MetadataTable()
  private(set) var names = NameTable()
  var streams = SortedTable<ObjectID, Stream>()
  var plasma = SortedTable<ExactText, PlasmaEntry>()
  /// Chunks in its streams.
  var chunkCount = 0
  /// Objects that lost a name to others and go once nobody uses them.
  private(set) var superseded = SortedSet<ObjectID>()
  /// Objects that lost a name to others, and the times in unix milliseconds until which they stay nevertheless, since
  /// clients of other stores may have been told of them.
  var retiring = SortedTable<ObjectID, UInt64>()
  /// Blobs and objects that failed puts have left and nobody has asked for.
  var suspects = SortedSet<ObjectID>()
  /// Number of connections, by object, that were told of it by name and have not fetched it yet.
  var lookups = SortedTable<ObjectID, Int>()
  /// Clients of this session.
  public internal(set) var connections = 0
  /// The volume it is the session of.
  public internal(set) weak var volume: Volume? {
    didSet { if volume != nil { tenant = id } }
  }
  /// Whose memory files its blobs are in: its own if it ever was a volume's, those of everybody else (0) otherwise.
  private(set) var tenant: UInt64 = 0
  /// Whether the store has left it: what becomes of it here is nothing that others should hear of.
  var isAbandoned = false
  /// Copies of blobs of other stores.
  var remoteCopies = SortedTable<RemoteBlob, ObjectID>()
  /// Tasks that still copy its contents.
  var copies: [ContentsCopy] = []
  /// What keeps the blobs that it loses, for copies that several stores make.
  var holds: [ContentsHold] = []

  init(id: UInt64, kind: StoreKind) {
    self.id = id
    self.kind = kind
  }

  /// Whether other stores have the same objects and names in it.
  public var isShared: Bool { !isAbandoned && volume?.isShared != false }

  // MARK: - Sizes

  public var blobCount: Int { blobs.count }
  public var objectCount: Int { metadata.count }
  public var nameCount: Int { names.count }
  public var streamCount: Int { streams.count }

  /// Bytes of heap that what it stores takes, estimated: blobs, objects, labels, names, streams, plasma names.
  public var heapBytes: Int {
    1024 + blobs.count * 192 + metadata.heapBytes + names.heapBytes + streams.count * 256 + chunkCount * 16
      + plasma.count * 256
  }

  // MARK: - Links

  /// Notes that an object, which may still have to be put, has a member. Links follow from the objects; no change of
  /// their own is logged.
  func link(_ member: ObjectID, to parent: ObjectID) { metadata.link(member, to: parent) }

  /// - Returns: whether the member was linked to the object.
  func unlink(_ member: ObjectID, from parent: ObjectID) -> Bool { metadata.unlink(member, from: parent) }

  // MARK: - Changes

  /// Makes a change. Only ``Store`` calls it, which logs what was changed.
  ///
  /// - Returns: the step that takes it back.
  func apply(_ change: MetadataChange) -> MetadataUndo {
    switch change {
    case .put(let id, let record):
      metadata.insert(id, record)
      return .remove(id)
    case .remove(let id):
      guard let (record, isFirst) = metadata.remove(id) else { return .nothing }
      return .restore(id, record, isFirst: isFirst)
    case .persist(let id):
      guard metadata[id]?.isTransient == true else { return .nothing }
      _ = metadata.update(id) { $0.isTransient = false }
      return .hide(id)
    case .label(let id, let key, let value):
      let old = metadata[id]?.labels[ExactText(key)]
      let isKnown = metadata.update(id) { if let value { $0.label(key, value) } else { $0.removeLabel(key) } }
      return isKnown ? .label(id, key: key, value: old) : .nothing
    case .name(let name, let id): return .name(point(name, to: id))
    case .unname(let name): return forget(name).map { .name($0) } ?? .nothing
    case .clear:
      metadata = MetadataTable()
      names = NameTable()
      superseded = SortedSet()
      retiring = SortedTable()
      suspects = SortedSet()
      return .nothing
    case .copy(let source):
      metadata = source.metadata
      names = source.names
      return .nothing
    case .supersede(let id, let isSuperseded):
      let isChanged = isSuperseded ? superseded.insert(id) : superseded.remove(id)
      return isChanged ? .supersede(id, !isSuperseded) : .nothing
    case .removeOwner(let id):
      guard let owner = metadata[id]?.owner else { return .nothing }
      setOwner(of: id, nil)
      return .owner(id, owner)
    }
  }

  /// Takes a change back. What was changed after it must be as it was then.
  func takeBack(_ undo: MetadataUndo) {
    switch undo {
    case .nothing: break
    case .remove(let id): _ = metadata.remove(id)
    case .restore(let id, let record, let isFirst): metadata.insert(id, record, asFirst: isFirst)
    case .hide(let id): _ = metadata.update(id) { $0.isTransient = true }
    case .label(let id, let key, let value):
      _ = metadata.update(id) { if let value { $0.label(key, value) } else { $0.removeLabel(key) } }
    case .name(let undo): takeBack(undo)
    case .supersede(let id, let isSuperseded):
      if isSuperseded { superseded.insert(id) } else { superseded.remove(id) }
    case .owner(let id, let owner): setOwner(of: id, owner)
    }
  }

  private func setOwner(of id: ObjectID, _ owner: VolumeUsage?) {
    guard let former = metadata[id] else { return }
    former.owner?.remove(id)
    owner?.add(id)
    _ = metadata.update(id) { $0.owner = owner }
  }

  // MARK: - Names

  private func point(_ name: String, to id: ObjectID) -> NameUndo {
    let former = names.set(name, to: id)
    let shownByFormer = former.flatMap { metadata[$0.id]?.name }
    if let former, former.id != id {
      countNames(of: former.id, -1)
      showNewestName(of: former.id)
    }
    let shown = former?.id == id ? shownByFormer : metadata[id]?.name
    if former?.id != id { countNames(of: id, 1) }
    show(name, on: id)
    return NameUndo(name: name, target: id, shownByTarget: shown, former: former, shownByFormer: shownByFormer)
  }

  private func forget(_ name: String) -> NameUndo? {
    guard let former = names.remove(name) else { return nil }
    let shown = metadata[former.id]?.name
    countNames(of: former.id, -1)
    showNewestName(of: former.id)
    return NameUndo(name: name, target: nil, shownByTarget: nil, former: former, shownByFormer: shown)
  }

  private func takeBack(_ undo: NameUndo) {
    if let target = undo.target, names.remove(undo.name) != nil {
      countNames(of: target, -1)
      show(undo.shownByTarget, on: target)
    }
    guard let former = undo.former else { return }
    names.restore(undo.name, former)
    countNames(of: former.id, 1)
    show(undo.shownByFormer, on: former.id)
  }

  private func showNewestName(of id: ObjectID) { show(names.name(of: id), on: id) }

  private func show(_ name: String?, on id: ObjectID) { _ = metadata.update(id) { $0.name = name } }

  private func countNames(of id: ObjectID, _ change: Int) { metadata[id]?.owner?.countNames(change) }
}
