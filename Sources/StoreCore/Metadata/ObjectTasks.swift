import StoreProtocol

/// Makes an object and its members visible for good.
public struct Persisting: StoreTask {
  private let session: Session
  private var pending: [ObjectID]
  /// The links of an object that was made persistent, and which of them is next.
  private var links: [MemberLink] = []
  private var nextLink = 0

  private let client: Client?

  /// - Throws: assertionFailed for a blob, metaTreeSubtreeNotExists for an unknown object.
  init(_ id: ObjectID, in session: Session, _ store: Store, by client: Client? = nil) throws(StoreError) {
    if id.isBlob { throw StoreError(.assertionFailed, "The blob \(id) cannot be persisted") }
    try store.requireObject(id, in: session)
    self.session = session
    self.client = client
    pending = [id]
  }

  /// - Parameter client: the objects it has made are complete by that.
  /// - Throws: assertionFailed for a blob, metaTreeSubtreeNotExists for an unknown object.
  public init(_ id: ObjectID, by client: Client, in store: Store) throws(StoreError) {
    try self.init(id, in: client.session, store, by: client)
  }

  public mutating func step(_ store: Store) -> Void? {
    while true {
      while nextLink < links.count {
        if store.work.isSpent { return nil }
        store.work.spend(Work.entry)
        let member = links[nextLink].id
        nextLink += 1
        guard !member.isBlob, let isTransient = session.metadata[member]?.isTransient else { continue }
        if isTransient { pending.append(member) } else { store.rely(on: member, in: session, by: client) }
      }
      guard let next = pending.popLast() else {
        client?.unfinished.removeAll()
        return ()
      }
      store.work.spend(Work.entry)
      guard let record = session.metadata[next] else { continue }
      guard record.isTransient else {
        store.rely(on: next, in: session, by: client)
        continue
      }
      store.apply(.persist(next), to: session, by: client)
      links = record.links
      nextLink = 0
    }
  }
}

/// Adds labels to an object, replacing those with the same keys.
public struct Labelling: StoreTask {
  private let id: ObjectID
  private let keys: [String]
  private let values: [String]
  private let session: Session
  private let client: Client?
  private var next = 0

  /// - Throws: objectNotExists.
  public init(
    _ id: ObjectID, keys: [String], values: [String], by client: Client, _ store: Store
  ) throws(StoreError) {
    try self.init(id, keys: keys, values: values, in: client.session, by: client, store)
  }

  init(
    _ id: ObjectID, keys: [String], values: [String], in session: Session, by client: Client?, _ store: Store
  ) throws(StoreError) {
    guard session.metadata.contains(id) else {
      throw StoreError(.objectNotExists, "object \(id) does not exist\(store.lossNote(for: id))")
    }
    self.id = id
    self.keys = keys
    self.values = values
    self.session = session
    self.client = client
  }

  public mutating func step(_ store: Store) -> Void? {
    while next < keys.count {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry + keys[next].utf8.count)
      let (key, value) = (keys[next], values[next])
      store.apply(.label(id, key: key, value: value), to: session, by: client)
      next += 1
    }
    return ()
  }
}

/// Copies an object under a new id, with the same members, and fields replaced or added.
public struct ShallowCopy: StoreTask {
  private let session: Session
  private let volume: Volume?
  private let client: Client?
  private var layout: RecordLayout
  /// The id of the copy, once its fields are laid out.
  private var target: ObjectID?
  private var linked = 0

  /// - Parameter extra: the fields.
  /// - Throws: assertionFailed for a blob or a field that is an object, metaTreeSubtreeNotExists for an unknown object.
  public init(
    _ id: ObjectID, extra: MetadataDocument, by client: Client, _ store: Store
  ) throws(StoreError) {
    try self.init(id, extra: extra, in: client.session, of: client.volume, by: client, store)
  }

  init(
    _ id: ObjectID, extra: MetadataDocument, in session: Session, of volume: Volume?, by client: Client?,
    _ store: Store
  ) throws(StoreError) {
    for field in extra.fields {
      guard case .text = field.value else {
        throw StoreError(.assertionFailed, "shallow_copy takes fields of primitive values only")
      }
    }
    if id.isBlob { throw StoreError(.assertionFailed, "The blob \(id) cannot be copied") }
    guard let record = session.metadata[id] else { throw store.unknownObject(id) }
    self.session = session
    self.volume = volume
    self.client = client
    if !record.isTransient { store.rely(on: id, in: session, by: client) }
    layout = RecordLayout(copy: record, replacing: extra)
  }

  /// Task that takes back an incomplete copy; nil when there is nothing to take back.
  public var takenBack: (any StoreTask<Void, Never>)? {
    target.map { LinkRemoval(session, Unlinking($0, Array(layout.record.links.prefix(linked)))) }
  }

  public mutating func step(_ store: Store) -> ObjectID? {
    if target == nil {
      guard layout.step(&store.work) != nil else { return nil }
      target = store.freshObjectID(in: session)
    }
    guard let target else { return nil }
    var record = layout.record
    while linked < record.links.count {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      session.link(record.links[linked].id, to: target)
      linked += 1
    }
    store.work.spend(Work.item)
    record.owner = volume?.sharedSessionUsage
    record.standsIn = false
    if let volume, !volume.isWritten { store.noteFirstWrite(volume) }
    store.apply(.put(target, record), to: session, by: client)
    return target
  }
}

/// Takes links out of the graph.
struct LinkRemoval: StoreTask {
  private let session: Session
  private var unlinking: Unlinking

  init(_ session: Session, _ unlinking: Unlinking) {
    self.session = session
    self.unlinking = unlinking
  }

  mutating func step(_ store: Store) -> Void? {
    while unlinking.next(session, store) != nil {}
    return unlinking.isDone ? () : nil
  }
}
