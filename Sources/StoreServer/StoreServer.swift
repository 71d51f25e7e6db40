import CLinux
import DequeModule
import Glibc
import HTTPEndpoint
import Logging
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// The store daemon: an event loop that owns the store and answers clients.
///
/// ``start(_:log:handlesSignals:)`` takes memory and opens the sockets. From then on everything runs on the thread that
/// calls ``run()``; the page worker, the disk worker, the transfer thread and the metrics endpoint hand their results
/// over through the mailbox. ``stopper`` may be called from any thread.
public final class StoreServer {
  /// Parts of a server, opened by ``start(_:log:handlesSignals:)``.
  struct Parts {
    let loop: EventLoop
    let files: MemoryFiles
    let store: Store
    let backend: any MetadataBackend
    let heap: HeapMeter
    let disk: DiskWorker
    let pages: PageSupply
    let transfers: TransferThread
    let handler: RequestHandler
    /// Keys of the admin token, nil without one.
    let secrets: PeerSecrets?
    /// Sessions that there may be at most.
    let sessionLimit: Int
  }

  let configuration: ServerConfiguration
  let log: Logger
  /// Whether requests are logged: the log itself takes 0.1 µs to say so.
  let logsRequests: Bool
  let loop: EventLoop
  let files: MemoryFiles
  let store: Store
  let handler: RequestHandler
  /// Backend that makes changes of objects and names durable.
  var backend: any MetadataBackend
  let pages: PageSupply
  let heap: HeapMeter
  let transfers: TransferThread
  let jobs: DiskJobs
  /// Fetches of what other stores have.
  let pulls: PullHost
  let prefetches: PrefetchHost
  /// Deletions that wait until others have let go of their copies.
  let copyWaits: CopyWaits
  /// Encrypts connections to other stores; nil without certificates.
  let tls: TLSBridge?
  var lossRecord: LossRecord
  /// Nil when clients need no password.
  let passwords: PasswordFile?
  var logins = LoginQueue()
  var isCheckingPassword = false
  /// Strikes when the next password may be checked.
  var passwordTimer: TimerQueue<EventLoop.Timer>.Ticket?
  let metricsLog: MetricsLog?
  var metrics = RequestMetrics()
  var metricsEndpoint: HTTPEndpoint?
  let volumeFiles: VolumeFiles
  private(set) lazy var volumes = VolumeHost(
    store, volumeFiles, jobs, log: log, allowsClusterScope: configuration.allowsClusterScope, for: self)

  /// Bytes and number of deleted blobs that were used again while clients mapped them, since the start.
  var reusedBytes: UInt64 = 0
  var reusedBlobs: UInt64 = 0
  /// The part of it that was not logged yet, and whether a line was logged so recently that the rest waits.
  var unloggedReuse = Store.Reuse()
  var isReuseReported = false

  let connections: Connections
  /// Replies and requests that wait for something.
  var heldReplies = HeldReplies()
  /// Held replies whose key has changed, to be tried again.
  var woken: Deque<HeldReply> = []
  /// Connections that have more to do than one turn takes, in the order of their turns.
  var queue: Deque<UInt64> = []
  /// Requests that were answered with what the store knew, since nobody told what others know.
  var unheardQuestions: UInt64 = 0
  /// Durations of the loop's turns.
  var turns = TurnMetrics()
  var sessions: SessionLedger
  /// Sessions that are deleted, and closed with their last connection.
  var endingSessions: Set<UInt64> = []
  var isStopping = false
  /// Whether the sockets are open, or were until the server began to stop.
  var isServing = false
  /// The reason why the store has not joined the others yet; nil without others, and when it has.
  var joining: ProgramError?
  /// The TCP port that is taken and not listened on yet.
  var joiningListener: Listener?
  /// The reason why the server ends that was to serve clients.
  var startFailure: ProgramError?
  /// Whether a timer saves the volumes whose documents could not be written.
  var isSavingLater = false
  /// Reasons why sockets that were removed are not served again, by their paths.
  var lostSockets: [String: String] = [:]

  init(_ configuration: ServerConfiguration, log: Logger, _ parts: Parts) {
    self.configuration = configuration
    self.log = log
    logsRequests = log.isVerbose
    loop = parts.loop
    files = parts.files
    store = parts.store
    backend = parts.backend
    heap = parts.heap
    connections = Connections(loop, store, heap.buffers, log: log)
    jobs = DiskJobs(parts.disk, parts.loop.mailbox)
    pages = parts.pages
    transfers = parts.transfers
    handler = parts.handler
    tls = configuration.peerTLS.map { TLSBridge($0) }
    handler.peerTLS = configuration.peerTLS
    pulls = PullHost(
      parts.store, parts.files, parts.loop.mailbox,
      PeerAccess(secrets: parts.secrets, tls: tls, timeout: configuration.peerTimeout), log: log)
    handler.pulls = pulls
    prefetches = PrefetchHost(parts.store, pulls, log: log)
    handler.prefetches = prefetches
    copyWaits = CopyWaits(parts.store, pulls, parts.loop.mailbox, patience: configuration.peerTimeout)
    handler.copyWaits = copyWaits
    lossRecord = LossRecord(socketPath: configuration.socketPath, log: log)
    sessions = SessionLedger(limitPerCreator: 64, limit: parts.sessionLimit)
    passwords = configuration.htpasswd.map { PasswordFile(path: $0) }
    metricsLog = configuration.metricsUser.map { MetricsLog(user: $0, log: log) }
    volumeFiles = VolumeFiles(parts.handler.identity.volumeLayout, log: log)
    handler.openSessionSocket = { [unowned self] session, connection throws(StoreError) in
      try openSocket(for: session, askedBy: connection)
    }
    handler.readToken = { [unowned self] in readToken(then: $0) }
    if let secrets = parts.secrets {
      handler.readPeerKeys = { [unowned self] in readPeerKeys(secrets, then: $0) }
    }
    handler.files = files
    handler.trimMemory = { [pages] in pages.trim() }
    store.isAwaited = { [unowned self] in heldReplies.isAwaited($0) }
  }

  /// The memory file of clients outside of volumes.
  var arena: Arena { files.first }

  var poller: Poller { loop.poller }

  var mailbox: Mailbox { loop.mailbox }

  var listeners: [UInt64: Listener] { connections.listeners }

  /// The port of the RPC listener, nil without one.
  public var rpcPort: UInt16? { listeners.values.first { $0.kind == .rpc }?.port }

  /// The port of the metrics endpoint, nil without one.
  public var metricsPort: Int? { metricsEndpoint?.port }

  /// A function that makes ``run()`` return soon, callable from any thread.
  public var stopper: @Sendable () -> Void {
    let mailbox = mailbox
    return { mailbox.post { $0.beginStop("asked to stop") } }
  }

  /// Serves clients until a signal or ``stopper`` ends it, then answers what is in flight and closes the sockets.
  ///
  /// - Throws: `ProgramError` when the store could not join others, or could not open its sockets then.
  public func run() throws(ProgramError) {
    startTimers()
    pages.pump()
    while !isStopping { turn(timeout: hasWork ? 0 : loop.timeout) }
    drain()
    if let startFailure { throw startFailure }
  }

  /// Has the disk worker note whether there are names.
  func saveLossRecord(hasNames: Bool) {
    jobs.start { [lossRecord] in
      lossRecord.write(hasNames: hasNames)
    } finish: { _, _, _ in
    }
  }
}
