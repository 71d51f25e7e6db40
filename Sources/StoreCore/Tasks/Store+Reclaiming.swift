import StoreProtocol

/// Reclaiming of the blobs and objects of clients, sessions and volumes that are gone. Nobody waits for it.
extension Store {
  /// Goes on giving back, until the work allowed is spent.
  ///
  /// - Returns: whether there is more.
  @discardableResult
  public func reclaim() -> Bool {
    while !reclaiming.isEmpty {
      if work.isSpent { return true }
      var first = reclaiming.removeFirst()
      // Others have their turn before it goes on.
      if first.step(self) == nil { reclaiming.append(first) }
    }
    return false
  }

  /// Whether something is still to be given back.
  public var isReclaiming: Bool { !reclaiming.isEmpty }

  /// Does something that nobody waits for: a first step at once, the rest with ``reclaim()``.
  public func reclaim(_ task: some StoreTask<Void, Never>) {
    var task = task
    if task.step(self) == nil { reclaiming.append(task) }
  }

  /// The same, but begins with ``reclaim()``: by then the caller has let go of the value, so that nothing is copied.
  public func reclaimLater(_ task: any StoreTask<Void, Never>) { reclaiming.append(task) }

  /// Removes blobs of a request that could not be served.
  public func takeBack(_ blobs: [ObjectID], by client: Client) {
    reclaim(Refusing(deletion: Deletion(blobs: blobs, by: client), usage: client.volume?.usage))
  }

  /// Forgets all objects and names of a session.
  ///
  /// - Parameter client: whose request it is, if one's.
  func discardObjects(of session: Session, by client: Client?) {
    var lists: [SortedSet<ObjectID>] = []
    for volume in volumes.values where volume.session === session && volume.usage.sharesRootSession {
      lists.append(volume.usage.takeObjects())
    }
    lists += [session.superseded, session.suspects]
    let discarding = Discarding(metadata: session.metadata, names: session.names, lists: lists)
    apply(.clear, to: session, by: client)
    reclaim(discarding)
  }
}

/// Removes the blobs of a request that did not fit, and notes that it did not.
private struct Refusing: StoreTask {
  var deletion: Deletion
  let usage: VolumeUsage?

  mutating func step(_ store: Store) -> Void? {
    guard deletion.step(store) != nil else { return nil }
    usage?.wasRefused = true
    return ()
  }
}

/// Gives the memory of tables back that nobody uses any more.
private struct Discarding: StoreTask {
  var metadata: MetadataTable
  var names: NameTable
  var lists: [SortedSet<ObjectID>]

  mutating func step(_ store: Store) -> Void? {
    repeat {
      if store.work.isSpent { return nil }
    } while dropRecord(store) || dropLeaf(store) || dropName(store)
    return ()
  }

  /// Objects go one by one, since each may be large.
  private mutating func dropRecord(_ store: Store) -> Bool {
    guard let record = metadata.dropRecord() else { return false }
    store.work.spend(Work.entry)
    store.discard(record)
    return true
  }

  private mutating func dropLeaf(_ store: Store) -> Bool {
    guard metadata.dropSome() || names.dropSome() || dropFromLists() else { return false }
    store.work.spend(64 * Work.entry)
    return true
  }

  private mutating func dropName(_ store: Store) -> Bool {
    guard let bytes = names.dropText() else { return false }
    store.work.spend(Work.entry + bytes / Store.bytesFreedPerUnit)
    return true
  }

  private mutating func dropFromLists() -> Bool {
    guard !lists.isEmpty else { return false }
    if !lists[lists.count - 1].dropLeaf() { lists.removeLast() }
    return true
  }
}

/// Frees documents that nobody uses any more, field by field.
public struct DocumentDisposal: StoreTask {
  public typealias Failure = Never

  private var documents: [MetadataDocument]

  public init(_ documents: [MetadataDocument]) { self.documents = documents }

  public mutating func step(_ store: Store) -> Void? {
    while var document = documents.popLast() {
      while let field = document.fields.popLast() {
        store.work.spend(Work.entry)
        if case .member(let member) = field.value { documents.append(member) }
        if store.work.isSpent {
          documents.append(document)
          return nil
        }
      }
    }
    return ()
  }
}

/// Frees labels of objects that are gone.
struct LabelDisposal: StoreTask {
  var labels: SortedTable<ExactText, String>

  mutating func step(_ store: Store) -> Void? {
    while labels.dropLeaf() {
      store.work.spend(64 * Work.entry)
      if store.work.isSpent { return nil }
    }
    return ()
  }
}

extension Store {
  /// Frees an object that was taken out of its table, one with many labels in steps.
  func discard(_ record: consuming MetadataRecord) {
    work.spend(record.textBytes / Self.bytesFreedPerUnit)
    guard record.labels.count > SortedTable<ExactText, String>.leafCapacity else { return }
    reclaimLater(LabelDisposal(labels: record.labels))
  }

  /// Bytes that the system takes back in a nanosecond.
  static let bytesFreedPerUnit = 16
}

/// Frees everything of a session that no client has any more, then forgets the session.
struct SessionRemoval: StoreTask {
  typealias Failure = Never

  private let session: Session
  private var clearing: Clearing

  init(of session: Session) {
    self.session = session
    clearing = Clearing(session, by: nil)
  }

  mutating func step(_ store: Store) -> Void? {
    guard clearing.step(store) != nil else { return nil }
    while let (id, _) = session.streams.last {
      if store.work.isSpent { return nil }
      store.work.spend(Work.item)
      store.forgetStream(id, in: session)
    }
    while session.plasma.popLast() != nil {
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
    }
    session.volume = nil
    store.sessions[session.id] = nil
    store.memory.closeTenant(session.id)
    store.memory.residency.forgetOwner(session.id)
    return ()
  }
}
