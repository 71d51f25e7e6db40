import StoreProtocol

/// A tenant of the store: the objects of its clients are counted, limited and deleted together.
///
/// A snapshot is a volume nobody connects to.
public final class Volume {
  // The types of the wire, under short names.
  public typealias Kind = VolumeKind
  public typealias Scope = VolumeScope
  public typealias Deletion = VolumeDeletion
  public typealias Source = VolumeSource
  public typealias Settings = VolumeSettings

  public let kind: Kind
  public internal(set) var settings: Settings
  /// The session of its objects: one of its own, or the root session.
  public let session: Session
  public let usage: VolumeUsage
  /// Unix milliseconds.
  public let created: UInt64
  /// Whether nobody may write to it.
  public internal(set) var isFrozen = false
  /// Time of the restart of the store that took the contents, in unix milliseconds; nil when nothing was lost.
  public internal(set) var lostContentsAt: UInt64?
  /// Whether a restart of the store has taken its contents, and nothing was written since.
  public internal(set) var hasLostContents = false
  /// Clients connected to it.
  public internal(set) var connections = 0
  /// Requests of them that wait for something; the server counts them.
  public var parkedRequests = 0
  /// Version of the document that its settings come from; 0 for a volume of this store alone.
  public internal(set) var generation: UInt64 = 0
  /// What a snapshot has on all stores that have it; nil for a volume, or for a snapshot of this store alone.
  public internal(set) var contents: SnapshotContents?
  /// Task that fills the volume with its first contents; nil when it has all of them.
  var copy: ContentsCopy?
  /// Blobs of its first contents whose bytes are still being copied.
  var pendingCopies = 0
  /// Why it has not all of its first contents, and is to be deleted.
  public internal(set) var fillFailure: StoreError?

  /// - Parameter deletedMemory: the policy outside of volumes.
  init(_ settings: Settings, kind: Kind, session: Session, created: UInt64, deletedMemory: DeletedMemoryPolicy) {
    self.settings = settings
    self.kind = kind
    self.session = session
    self.created = created
    let policy = settings.deletedMemory ?? (settings.scope == .volume ? .keep : deletedMemory)
    usage = VolumeUsage(
      limit: settings.limit ?? .max, sharesRootSession: settings.scope == .cluster, reusesDeleted: policy == .reuse)
    if settings.locality == .cluster, settings.quota > 0 { usage.granted = 0 }
  }

  public var id: String { settings.id }

  /// Whether anything was ever written to it.
  public var isWritten: Bool { usage.isWritten }

  /// The number of its objects, members of other objects included.
  public var objectCount: Int { usage.sharesRootSession ? usage.objects.count : session.objectCount }

  /// The number of names of its objects.
  public var nameCount: Int { usage.sharesRootSession ? usage.nameCount : session.nameCount }

  /// Bytes of heap that its objects, names and streams take, estimated.
  public var heapBytes: Int { usage.sharesRootSession ? usage.heapBytes : session.heapBytes }

  /// Whether its first contents are still being copied: see ``WaitKey/contents(session:)``.
  public var isBeingFilled: Bool { copy != nil || pendingCopies > 0 }

  /// The usage, for a volume whose objects it has to list: one in the root session.
  var sharedSessionUsage: VolumeUsage? { usage.sharesRootSession ? usage : nil }

  /// Whether other stores have it, too.
  public var isShared: Bool { settings.locality == .cluster }

  /// Whether this store holds nothing of it at all.
  public var isEmpty: Bool { usage.used == 0 && (isShared || objectCount == 0) }
}

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
      // Each is looked up when its turn comes: volumes that were deleted meanwhile are left out.
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
