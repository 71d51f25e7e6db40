import StoreCore
import StoreProtocol

/// Volumes that several stores have: their documents, and who has them open.
///
/// All calls come from the thread that owns the store, and so do the answers, while it takes news. An answer that others
/// have to give comes after a few seconds at most, then as an error.
public protocol SharedVolumes: AnyObject {
  /// The document of a volume as it was last heard of; nil when there is none.
  func document(of id: String) -> SharedVolume?

  /// Makes a volume or finds the one of that id, and notes that this store has it.
  ///
  /// - Parameter wish: what it is to be when there is none; another that is there must not contradict it.
  func open(_ wish: SharedVolume, then answer: @escaping (Result<SharedVolume, StoreError>) -> Void)

  /// Opens a volume that this store had before it was started again, while it serves nobody yet.
  ///
  /// - Parameter document: as the store remembers it.
  /// - Returns: the document there is; nil when the volume was deleted meanwhile.
  func reopen(_ document: SharedVolume) -> SharedVolume?

  /// Begins to follow the session of a volume that was opened, whose objects and names the store has then.
  func follow(_ session: Session, then answer: @escaping (StoreError?) -> Void)

  /// Whether a volume of this store is from before a restart and others know nothing of it.
  func isUnconfirmed(_ id: String) -> Bool

  /// Lets others know of such a volume: somebody has said that it is to be there.
  func confirm(_ id: String)

  /// Nodes whose stores are gone and have, or had, volumes open.
  var absentNodes: [String] { get }

  /// Forgets what stores had that were on a node which is gone for good.
  ///
  /// - Returns: whether there was anything.
  func forget(node: String) -> Bool

  /// Changes a document.
  func change(
    _ id: String, _ change: SharedVolumeChange, then answer: @escaping (Result<SharedVolume, StoreError>) -> Void)

  /// Deletes a volume: all stores that have it drop it, those that are down when they are started again.
  ///
  /// - Parameter answer: gets the document there was; nil when there was none.
  func delete(_ id: String, then answer: @escaping (Result<SharedVolume?, StoreError>) -> Void)

  /// Notes that this store has a volume no more, with anything it wrote there.
  func leave(_ id: String, session: UInt64)

  /// The store has all volumes again that it had before, and serves from now on.
  func beginServing()

  /// Tells others what this store has of a volume, and of all.
  func report(_ uses: [String: SharedVolumeUse], _ capacity: StoreCapacity)

  /// What the other stores that are there have of a volume together; of objects and names each knows all.
  func useElsewhere(of id: String) -> SharedVolumeUse

  /// Snapshots and copies of such volumes.
  var copies: any SharedCopies { get }

  /// The stores with their memory, in ascending order of their ids.
  var instances: [InstanceCapacity] { get }

  /// Gives the answers that have come, and takes what others have done to volumes since the last call.
  func takeNews() -> [SharedVolumeNews]
}

/// Change of a volume's document.
public enum SharedVolumeChange: Sendable {
  case settings(VolumeChange)
  case freezing(Bool)
}

/// Something that others have done to a volume.
public enum SharedVolumeNews: Sendable {
  case changed(SharedVolume)
  case deleted(String, session: UInt64)
}

/// What a store has of a volume.
public struct SharedVolumeUse: Sendable, Equatable {
  /// Bytes of its blobs.
  public var used: UInt64
  public var objects: Int
  public var names: Int
  /// Clients connected to it.
  public var connections: Int

  public init(used: UInt64 = 0, objects: Int = 0, names: Int = 0, connections: Int = 0) {
    self.used = used
    self.objects = objects
    self.names = names
    self.connections = connections
  }
}
