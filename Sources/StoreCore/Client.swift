import StoreProtocol

/// A client's permission to look at the bytes of an extent.
struct Grant {
  let extent: ExtentID
  /// Whether the bytes may not be taken back.
  var isPinned: Bool
}

/// The state of one client that matters to the store.
///
/// A client is given blobs for writing when it creates them and for reading when it asks for them. The bytes of
/// a blob that was given for reading stay untouched until the client releases it, deletes it or goes, even when
/// others delete it meanwhile; under ``DeletedMemoryPolicy/reuse`` they may be taken back then when no other memory is
/// free. Sealing ends the grant for writing.
public final class Client {
  public let id: UInt64
  /// Name of the client for people: `pid 42`.
  public let label: String
  public internal(set) var session: Session
  /// The volume it belongs to, nil when it came in through another socket.
  public internal(set) var volume: Volume?
  /// Whether the client may only read.
  public internal(set) var isReadOnly = false
  /// Whether the client has said that it releases blobs itself; grants to it are then never taken back.
  public var releasesBlobs = false
  /// Grants for reading, by the ids of the blobs.
  var reading = SortedTable<ObjectID, Grant>()
  /// Grants for reading under ids that were given to other blobs since, the newest last.
  var staleGrants: [(id: ObjectID, grant: Grant)] = []
  /// Extents that are being sent to the client.
  var sending = SortedSet<ExtentID>()
  /// The object it was last told of by name and has not fetched yet.
  var found: ObjectID?
  /// Blobs and objects made since the client last completed an object; see ``Store/noteUnfinished(_:of:)``.
  var unfinished: [ObjectID] = []
  /// Blobs and objects that failed puts of the client have left.
  var suspects: [ObjectID] = []
  /// Number of the request in the log of changes; 0 while nothing was changed.
  var request: UInt64 = 0
  /// The change set of another's request that its own builds on; 0 for none.
  var awaitedChange: UInt64 = 0
  /// Unsealed blobs this client created.
  var writing = SortedSet<ObjectID>()
  /// Number of living blobs that count this client as their sealer.
  var sealed = 0
  /// Streams this client has pulled from.
  var pulled = SortedSet<ObjectID>()
  /// Streams this client has written or waited for.
  var streams = SortedSet<ObjectID>()
  /// Plasma blobs this client has created or holds.
  var plasma = SortedSet<ExactText>()
  /// Locks this client holds.
  var locks = SortedSet<ExactText>()

  init(id: UInt64, label: String, session: Session) {
    self.id = id
    self.label = label
    self.session = session
  }
}

/// Removes a client: its unsealed blobs, the streams it read, its locks and its grants.
struct ClientRemoval: StoreTask {
  typealias Failure = Never

  private let client: Client
  /// Whether it keeps its view of bytes it was given, which it may have mapped until it goes.
  private let keepsGrants: Bool
  /// Whether it is still connected.
  private let staysConnected: Bool
  private var dropping: StreamRemoval?

  init(of client: Client, keepsGrants: Bool, staysConnected: Bool) {
    self.client = client
    self.keepsGrants = keepsGrants
    self.staysConnected = staysConnected
  }

  mutating func step(_ store: Store) -> Void? {
    repeat {
      if dropping != nil {
        guard dropping?.step(store) != nil else { return nil }
        dropping = nil
      }
      store.work.spend(Work.entry)
    } while !store.work.isSpent && dropOne(store)
    if store.work.isSpent { return nil }
    if !staysConnected { store.finishRemoval(of: client) }
    return ()
  }

  /// - Returns: false when the client has nothing left.
  private mutating func dropOne(_ store: Store) -> Bool {
    let session = client.session
    if let blob = client.writing.popFirst() {
      if keepsGrants { store.removeBlob(blob, in: session, by: nil) } else { store.abandonUnsealed(blob, in: session) }
    } else if let stream = client.pulled.popFirst() {
      dropping = store.takeStream(stream, in: session, by: client)
    } else if let stream = client.streams.popFirst() {
      store.abandon(stream, by: client)
    } else if store.releaseOnePlasma(of: client) {
    } else if let lock = client.locks.popFirst() {
      store.dropLock(lock.text, of: client)
    } else if keepsGrants {
      return false
    } else if let (_, grant) = client.reading.popFirst() {
      store.end(grant, of: client)
    } else if let (_, grant) = client.staleGrants.popLast() {
      store.end(grant, of: client)
    } else if store.endOneSending(to: client) {
    } else if client.found != nil {
      store.endLookup(of: client)
    } else if store.removeOneSuspect(of: client) {
    } else {
      return false
    }
    return true
  }
}
