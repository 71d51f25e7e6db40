import StoreProtocol

/// Something a parked request waits for.
public enum WaitKey: Hashable, Sendable {
  /// A name of the session.
  case name(session: UInt64, String)
  /// An object that is made, or a blob that is sealed.
  case object(session: UInt64, ObjectID)
  case stream(session: UInt64, ObjectID)
  /// The first contents of a volume with this session.
  case contents(session: UInt64)
  /// A lock of a volume's session, or of everybody outside of volumes (scope 0).
  case lock(scope: UInt64, String)
  /// The files of a volume, while they are being changed; the server tells.
  case files(volume: String)
}

/// End of a request that did not fail.
public enum Outcome<Value> {
  case done(Value)
  /// No answer yet: try the same request again when the key changes.
  case park(WaitKey)
}

/// The state of the store, owned by one thread.
///
/// Pure: it knows no sockets, clock or files. Times come in as unix milliseconds, bytes are addresses in memory files
/// that somebody else maps; see ``MemoryFilePlace``. Failures are ``StoreError`` with the codes of the protocol.
public final class Store {
  public struct Configuration: Sendable {
    /// Bytes that blobs may take.
    public var limit: UInt64
    /// Bytes of the first memory file.
    public var arenaLength: UInt64
    /// Whether each volume with a session of its own gets memory files of its own, and small blobs pages of their own.
    public var separatesTenants = false
    /// Bytes of all files that may have pages at the same time; nil for as many as the first one has.
    public var commitLimit: UInt64?
    /// Bytes kept warm ahead of the allocations.
    public var reserve: UInt64 = 0
    public var populate: PopulateMode = .off
    /// Percentage of `limit` that streams may fill.
    public var streamThreshold: UInt64 = 80
    /// Time at which the store came up, in unix milliseconds; 0 when it is not known.
    public var started: UInt64 = 0
    /// Writes unix milliseconds for people.
    public var timeText: @Sendable (UInt64) -> String = { "\($0) ms" }
    /// Treatment of an object outside of volumes when its name is given to another.
    public var overwrite = OverwritePolicy.keep
    /// Treatment of the bytes of deleted blobs outside of volumes that clients were given.
    public var deletedMemory = DeletedMemoryPolicy.reuse
    /// Bytes that copies of blobs of other stores may take.
    public var copyLimit: UInt64
    /// Bytes of copies that the clients of one volume may map; nil for as many as its quota has.
    public var volumeCopyLimit: UInt64?

    public init(limit: UInt64, arenaLength: UInt64) {
      self.limit = limit
      self.arenaLength = arenaLength
      copyLimit = limit / 100 * 50
    }
  }

  public let configuration: Configuration
  public internal(set) var memory: MemoryPool
  /// Copies of blobs of other stores.
  public internal(set) var cache: CopyCache
  var ids: IDGenerator
  /// The stores that share objects and names.
  public internal(set) var instances = InstanceTable()
  public let root: Session
  public internal(set) var sessions: [UInt64: Session]
  private var nextClient: UInt64 = 1
  /// Connected clients by their number.
  var clients: [UInt64: Client] = [:]
  var locks = LockTable()
  /// Volumes by their ids.
  public internal(set) var volumes: [String: Volume] = [:]
  /// Snapshots by their ids.
  public internal(set) var snapshots: [String: Volume] = [:]
  /// Contents that are held for copies which several stores make, by the sessions of these.
  var holds: [UInt64: ContentsHold] = [:]
  /// Time at which the names of the root session were lost, in unix milliseconds; nil when they were not.
  var lostNamesAt: UInt64?
  /// Whether the root session ever had a name.
  var isRootNamed = false
  /// Unix milliseconds of the request at hand.
  public var now: UInt64 = 0
  /// Memory taken back from connections since the server last looked.
  var reuse = Reuse()
  /// The last blob for which this store may not use enough of its volume's quota.
  var lastShortage: QuotaShortage?
  /// Effects to be carried out outside of the store.
  var outbox = Outbox()
  /// Changes of objects and names that are not durable yet.
  var log = ChangeLog()
  /// Whether anything is parked, so that changes are worth noting.
  public var notesChanges = false
  /// Whether a request waits for a key; only such changes are noted.
  public var isAwaited: (WaitKey) -> Bool = { _ in true }
  /// Whether other stores may have objects. Without that all that is here counts as this store's, whatever instance a
  /// client gave it.
  public var hasPeers = true
  /// Work done for clients, and how much of it tasks in steps may do now.
  public var work = Work()
  /// Bytes that are being copied for snapshots and new volumes, by their numbers.
  var byteCopies: [UInt64: ByteCopy] = [:]
  var lastByteCopy: UInt64 = 0
  /// Tasks that give back the blobs and objects of clients, sessions and volumes that are gone.
  var reclaiming: [any StoreTask<Void, Never>] = []

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    memory = MemoryPool(
      length: configuration.arenaLength, limit: configuration.limit, commit: configuration.commitLimit,
      reserve: configuration.reserve, populate: configuration.populate, separated: configuration.separatesTenants)
    cache = CopyCache(limit: configuration.copyLimit)
    ids = IDGenerator(instance: 0)
    root = Session(id: 0, kind: .normal)
    sessions = [0: root]
  }

  /// Registers a client with a session.
  ///
  /// - Parameter label: names the client in messages to people.
  public func connect(to session: Session, label: String = "a client") -> Client {
    defer { nextClient += 1 }
    session.connections += 1
    let client = Client(id: nextClient, label: label, session: session)
    clients[client.id] = client
    return client
  }

  /// Registers a client with a volume.
  public func connect(to volume: Volume, label: String, isReadOnly: Bool) -> Client {
    let client = connect(to: volume.session, label: label)
    volume.connections += 1
    client.volume = volume
    client.isReadOnly = isReadOnly
    return client
  }

  /// Gives a client another connection, to another session and the volume whose session it is; what the former one held
  /// is given back in steps.
  public func move(_ client: Client, to session: Session) -> Client {
    let moved = connect(to: session, label: client.label)
    moved.isReadOnly = client.isReadOnly
    moved.volume = session.volume
    session.volume?.connections += 1
    disconnect(client)
    return moved
  }

  /// Forgets a client: frees its unsealed blobs, ends its grants, drops the streams it read and its locks.
  public func disconnect(_ client: Client) {
    // Its changes are written to the backend, though no reply waits for that.
    _ = endRequest(of: client)
    clients[client.id] = nil
    reclaim(ClientRemoval(of: client, keepsGrants: false, staysConnected: false))
  }

  /// Clears the state of a client that is gone.
  func finishRemoval(of client: Client) {
    client.sealed = 0
    client.unfinished.removeAll()
    client.session.connections -= 1
    client.volume?.connections -= 1
    ensure(client.session.connections >= 0, "a session has \(client.session.connections) clients")
  }

  /// Opens an isolated session.
  ///
  /// - Parameter number: what other stores know it by; nil for a new number.
  public func openSession(_ kind: StoreKind, _ number: UInt64? = nil) -> Session {
    let session = Session(id: number ?? freshSessionID(), kind: kind)
    sessions[session.id] = session
    return session
  }

  /// Frees everything of a session, which has no connections any more.
  public func closeSession(_ session: Session) { reclaim(SessionRemoval(of: session)) }

  func note(_ key: WaitKey) {
    if notesChanges, isAwaited(key) { outbox.add(.retry(key)) }
  }

  /// Whether there is something to do outside.
  public var hasEffects: Bool { !outbox.isEmpty }

  /// The next thing to do outside; nil when there is none.
  public func nextEffect() -> Effect? { outbox.next() }
}
