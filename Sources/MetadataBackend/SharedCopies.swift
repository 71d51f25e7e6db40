import StoreCore
import StoreProtocol

/// A copy of the contents of a volume or snapshot that several stores have, while it is made.
///
/// Each store that has the source open holds what it has of it. Then one store chooses the cut, a revision of the
/// metadata that all share, and writes what was there under a new session. Then each store gives the new session the
/// blobs that are its own, and at last all of it becomes a volume or a snapshot, in one step.
public struct SharedCopy: Sendable, Equatable {
  public enum Stage: String, Sendable {
    /// Stores hold what they have.
    case holding
    /// The new session has all objects and names of the cut.
    case written
  }

  /// What is made: its settings name the source.
  public var target: SharedVolume
  public var kind: VolumeKind
  /// Session of the source.
  public var source: UInt64
  public var stage: Stage

  public init(_ target: SharedVolume, kind: VolumeKind, source: UInt64, stage: Stage = .holding) {
    self.target = target
    self.kind = kind
    self.source = source
    self.stage = stage
  }
}

/// What a store has to do with copies that are made.
public enum SharedCopyNews: Sendable {
  /// Another stage begins.
  case advanced(SharedCopy)
  /// Nobody goes on with it: it is complete, or (nil) given up.
  case ended(session: UInt64, VolumeKind, made: SharedVolume?)
  /// A snapshot was deleted.
  case deleted(snapshot: String, session: UInt64)
}

/// Copies and snapshots of volumes that several stores have.
///
/// As with ``SharedVolumes``, all calls and answers are on the thread that owns the store.
public protocol SharedCopies: AnyObject {
  /// The document of a snapshot as it was last heard of; nil when there is none.
  func snapshot(of id: String) -> SharedVolume?

  /// The snapshots there are, by their ids.
  var snapshots: [String: SharedVolume] { get }

  /// Makes a copy with all stores that have the source.
  ///
  /// - Parameters:
  ///   - wish: what is to be made; its settings name the source.
  ///   - answer: gets the document, also when another store was faster; objectNotExists without a source,
  ///     notEnoughMemory when the quota is less than the contents, serverNotReady when a store that has a part of the
  ///     source does not take part. It comes within a minute.
  func copy(
    _ wish: SharedVolume, as kind: VolumeKind, then answer: @escaping (Result<SharedVolume, StoreError>) -> Void)

  /// Tells that this store holds what it has of the source.
  func tellHeld(_ copy: SharedCopy)

  /// Tells that this store has given a copy its part.
  ///
  /// - Parameter bytes: of its blobs; nil when it could not.
  func tellFilled(_ copy: SharedCopy, bytes: UInt64?)

  /// Deletes a snapshot on all stores.
  ///
  /// - Parameter answer: gets the document there was; nil when there was none.
  func deleteSnapshot(_ id: String, then answer: @escaping (Result<SharedVolume?, StoreError>) -> Void)

  /// Removes what may be left of a session that nobody has any more.
  func discard(_ session: UInt64)

  /// Takes the news since the last call.
  func takeNews() -> [SharedCopyNews]
}
