import StoreProtocol

/// Finds the snapshots, then the volumes, each in ascending order of their ids.
public struct VolumeListing: StoreTask {
  public typealias Failure = Never

  private var kinds: [Volume.Kind] = [.volume, .snapshot]
  private var kind: Volume.Kind?
  /// Ids of a kind that are still to be put in order.
  private var unsorted: [String] = []
  private var ids = SortedSet<String>()
  private var found: [Volume] = []

  public init() {}

  public mutating func step(_ store: Store) -> [Volume]? {
    while true {
      while let id = unsorted.last {
        if store.work.isSpent { return nil }
        store.work.spend(Work.entry + id.utf8.count)
        unsorted.removeLast()
        ids.insert(id)
      }
      // Each is looked up when its turn comes: what was deleted meanwhile is left out.
      while let kind, let id = ids.first(from: "") {
        if store.work.isSpent { return nil }
        store.work.spend(Work.entry)
        ids.remove(id)
        if let volume = store.volume(id, kind) { found.append(volume) }
      }
      guard let next = kinds.popLast() else { return found }
      kind = next
      unsorted = Array(next == .volume ? store.volumes.keys : store.snapshots.keys)
      store.work.spend(16 * unsorted.count)
    }
  }
}
