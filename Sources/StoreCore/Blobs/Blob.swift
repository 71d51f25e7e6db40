import StoreProtocol

/// A blob of a session.
public struct Blob {
  public let extent: ExtentID
  /// Byte offset in the arena.
  public let offset: UInt64
  /// Bytes.
  public var size: UInt64
  /// Bytes it is charged with: its size, unless it was shrunk while others were given it.
  var charged: UInt64
  public var isSealed: Bool
  /// The connection that may still write it; nil once sealed or when that connection has gone.
  public var writer: Connection?
  /// The connection that sealed it and counts as a user until it releases the blob or goes.
  public var sealer: UInt64?
  /// Who pays for it, nil outside of volumes.
  var account: Account?
}

/// A connection's permission to look at the bytes of an extent.
struct Grant {
  let extent: ExtentID
  /// Whether it may not be taken back.
  var isPinned: Bool
}

/// The state of one client connection that matters to the store.
///
/// A connection is given blobs for writing when it creates them and for reading when it asks for them. The bytes of
/// a blob that was given for reading stay untouched until the connection releases it, deletes it or goes, even when
/// others delete it meanwhile; under ``DeletedMemoryPolicy/reuse`` they may be taken back then for want of others.
/// Sealing ends the grant for writing.
public final class Connection {
  public let id: UInt64
  /// Who this is, for people: `pid 42`.
  public let label: String
  public internal(set) var session: Session
  /// The volume it belongs to, nil when it came in through another socket.
  public internal(set) var volume: Volume?
  /// Whether it may only read.
  public internal(set) var isReadOnly = false
  /// Whether it has said that it releases blobs itself; what it was given is then never taken back.
  public var releasesBlobs = false
  /// What this connection was given for reading.
  var reading = SortedTable<ObjectID, Grant>()
  /// What it was given for reading under ids that were given to other blobs since.
  var outlived: [Grant] = []
  /// What is being sent to it.
  var sending = SortedSet<ExtentID>()
  /// The object it was last told of by name and has not fetched yet.
  var found: ObjectID?
  /// What it made since it last completed an object; see ``Store/noteUnfinished(_:of:)``.
  var unfinished: [ObjectID] = []
  /// What its failed puts have left.
  var suspects: [ObjectID] = []
  /// Unsealed blobs this connection created.
  var writing = SortedSet<ObjectID>()
  /// How many living blobs count this connection as their sealer.
  var sealed = 0
  /// Streams this connection has pulled from.
  var pulled = SortedSet<ObjectID>()
  /// Streams this connection has written or waited for.
  var streams = SortedSet<ObjectID>()
  /// Plasma blobs this connection has created or holds.
  var plasma = SortedSet<ExactText>()
  /// Locks this connection holds.
  var locks = SortedSet<ExactText>()

  init(id: UInt64, label: String, session: Session) {
    self.id = id
    self.label = label
    self.session = session
  }
}

/// What a session stores and how clients of it see each other.
public enum StoreKind: UInt64, Sendable {
  case normal = 1
  case plasma = 2
}

/// An isolated store: its own blobs, objects, names and streams over the shared arena.
public final class Session {
  /// 0 for the root session.
  public let id: UInt64
  public let kind: StoreKind
  var blobs = SortedTable<ObjectID, Blob>()
  var metadata = MetadataTable()
  var names = NameTable()
  var streams = SortedTable<ObjectID, Stream>()
  var plasma = SortedTable<ExactText, PlasmaEntry>()
  /// Chunks in its streams.
  var chunkCount = 0
  /// Objects that lost a name to others and go once nobody uses them.
  var superseded = SortedSet<ObjectID>()
  /// What failed puts have left and nobody has asked for.
  var suspects = SortedSet<ObjectID>()
  /// How many connections were told of an object by name and have not fetched it yet.
  var lookups = SortedTable<ObjectID, Int>()
  /// Connections of this session.
  public internal(set) var connections = 0
  /// The volume it is the session of.
  public internal(set) weak var volume: Volume?
  /// Those that still copy what it holds.
  var copies: [ContentsCopy] = []

  init(id: UInt64, kind: StoreKind) {
    self.id = id
    self.kind = kind
  }

  // MARK: - Names

  /// Points a name to an object.
  ///
  /// - Returns: the object the name pointed to before, if another.
  func setName(_ name: String, to id: ObjectID) -> ObjectID? {
    let before = names.count
    let previous = names.set(name, to: id)
    if let previous { countNames(of: previous, -1) }
    if previous != nil || names.count > before { countNames(of: id, 1) }
    return previous
  }

  /// - Returns: the object the name pointed to.
  func removeName(_ name: String) -> ObjectID? {
    guard let id = names.remove(name) else { return nil }
    countNames(of: id, -1)
    return id
  }

  /// Removes one of the names of an object; false when it has none.
  func removeName(of id: ObjectID) -> Bool {
    guard names.removeName(of: id) else { return false }
    countNames(of: id, -1)
    return true
  }

  private func countNames(of id: ObjectID, _ change: Int) { metadata[id]?.owner?.countNames(change) }

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
}
