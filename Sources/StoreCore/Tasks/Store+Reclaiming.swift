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

  /// The same, but begins with ``reclaim()``: by then whoever had it has let go of it, so that nothing is copied.
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
