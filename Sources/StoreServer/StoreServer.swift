import CLinux
import DequeModule
import Glibc
import HTTPEndpoint
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// The store daemon: an event loop that owns the store and answers clients.
///
/// Everything runs on the thread that calls ``run()``; the page worker, the transfer thread and the metrics endpoint
/// hand their results over through the mailbox. ``stop()`` may be called from any thread.
public final class StoreServer {
  enum Token {
    static let mailbox: UInt64 = 0
    static let signals: UInt64 = 1
    static let firstListener: UInt64 = 2
    static let firstConnection: UInt64 = 1 << 32
  }

  let configuration: ServerConfiguration
  let log: Log
  let arena: Arena
  let store: Store
  let handler: RequestHandler
  /// Where changes of objects and names become durable.
  let backend: any MetadataBackend = EmbeddedBackend()
  let poller: Poller
  let mailbox: Mailbox
  let pages: PageSupply
  let heap: HeapMeter
  let transfers: TransferThread
  /// Nil when clients need no password.
  let passwords: PasswordFile?
  var logins = LoginQueue()
  var isCheckingPassword = false
  let metricsLog: MetricsLog?
  var metrics = RequestMetrics()
  var metricsEndpoint: HTTPEndpoint?
  let lossRecord: LossRecord
  /// Nil until there is a volume.
  var volumeDirectories: VolumeDirectories?

  /// Bytes and number of deleted blobs that were used again while clients mapped them, since the start.
  var reusedBytes: UInt64 = 0
  var reusedBlobs: UInt64 = 0
  /// When that was last logged, in unix milliseconds, and what came since.
  var lastReuseLine: UInt64 = 0
  var unloggedReuse = Store.Reuse()

  var listeners: [UInt64: Listener] = [:]
  var connections: [UInt64: ClientConnection] = [:]
  /// Connections whose request is parked, by what they wait for.
  var waiting: [WaitKey: [UInt64]] = [:]
  /// Connections whose new blobs have no pages yet.
  var pageWaiters: [UInt64] = []
  /// Connections that have more to do than one turn takes, in the order of their turns.
  var queue: Deque<UInt64> = []
  /// Connections whose request waited and is to be tried again.
  var woken: Deque<UInt64> = []
  /// Durations of the loop's turns.
  var turns = TurnMetrics()
  var sessions: SessionLedger
  /// Sessions that are deleted, and closed with their last connection.
  var endingSessions: Set<UInt64> = []
  /// When to try to accept clients again, in monotonic nanoseconds; nil while clients are accepted.
  var acceptPauseEnd: UInt64?
  var nextListener = Token.firstListener
  var nextConnection = Token.firstConnection
  var signalFile: CInt = -1
  var isStopping = false
  /// When the house is kept again, in monotonic nanoseconds.
  var nextRound: UInt64 = 0
  /// Clients that were closed at once because connections have no memory left.
  var refusedClients: UInt64 = 0
  /// Volumes whose documents could not be written.
  var unsavedVolumes: Set<String> = []
  /// When that is tried again, in monotonic nanoseconds.
  var nextSaving: UInt64 = 0
  /// Why sockets that were removed are not served again, by their paths.
  var lostSockets: [String: String] = [:]

  /// Takes memory and opens the sockets.
  ///
  /// - Parameter handlesSignals: whether SIGTERM and SIGINT end ``run()``, and SIGHUP has the sockets looked at.
  /// - Throws: `CommandError` when a socket is in use or memory cannot be had.
  public init(_ configuration: ServerConfiguration, log: Log, handlesSignals: Bool) throws(CommandError) {
    self.configuration = configuration
    self.log = log
    poller = try Poller()
    mailbox = try Mailbox()
    if handlesSignals {
      signalFile = [SIGTERM, SIGINT, SIGHUP].withUnsafeBufferPointer { signals in
        signals.baseAddress.map { clinux_signalfd($0, CInt(signals.count)) } ?? -1
      }
      if signalFile < 0 { throw CommandError.system("cannot watch for signals", errno: -signalFile) }
    }
    let descriptors = Self.raiseFileLimit()
    sessions = SessionLedger(
      limitPerCreator: 64, limit: min(1024, descriptors / 8),
      grace: UInt64(configuration.sessionGrace.nanoseconds))
    lossRecord = LossRecord(socketPath: configuration.socketPath, log: log)
    try Listener.makeWay(for: configuration.socketPath)
    let (arena, store, budget) = try Self.makeStore(configuration, log)
    self.arena = arena
    self.store = store
    let rpc = try configuration.rpcPort.map { port throws(CommandError) in
      try Listener.tcp(host: configuration.rpcHost, port: port, session: store.root)
    }
    let mailbox = mailbox
    do throws(SharedMemoryError) {
      let worker = try PageWorker(arena: arena) { job, result in
        mailbox.post { $0.finishPages(job, result) }
      }
      pages = PageSupply(store: store, worker: worker, releases: arena.pageKind != .hugetlb, log: log)
    } catch {
      throw CommandError(.failed, error.description)
    }
    transfers = try TransferThread(arena: arena) { token, succeeded in
      mailbox.post { $0.finishTransfer(token, succeeded) }
    }
    passwords = configuration.htpasswd.map { PasswordFile(path: $0) }
    metricsLog = configuration.metricsUser.map { MetricsLog(user: $0, log: log) }
    heap = try HeapMeter(limit: budget.heap)
    store.keepsChanges = !backend.isImmediate
    let identity = Self.identity(configuration, rpcPort: rpc?.port)
    store.setInstance(store.instances.own, Self.instanceRecord(configuration, identity))
    handler = RequestHandler(
      store: store, identity: identity,
      adminToken: AdminToken(path: configuration.adminTokenFile), replies: heap.buffers)
    try populateEverything()
    reopenVolumes()
    if let time = lossRecord.begin(now: unixMilliseconds()) { store.noteLostNames(at: time) }
    try listen(rpc: rpc)
    metricsEndpoint = try configuration.metricsPort.map { port throws(CommandError) in
      try HTTPEndpoint(
        ListenAddress(host: configuration.metricsHost, port: Int(port)), flag: "--metrics_port or --metrics_host",
        handler: HTTPEndpoint.handler([
          "/metrics": { deliver in mailbox.post { deliver(HTTPEndpoint.Response($0.metricsText())) } },
          "/healthz": { $0(.ok) },
          "/readyz": { deliver in mailbox.post { deliver($0.readiness) } },
        ]))
    }
    announce()
  }

  private func listen(rpc: Listener?) throws(CommandError) {
    guard poller.add(mailbox.descriptor, .reading, token: Token.mailbox),
      signalFile < 0 || poller.add(signalFile, .reading, token: Token.signals)
    else { throw CommandError.system("cannot watch for events", errno: errno) }
    let ipc = try Listener.unix(
      configuration.socketPath, mode: configuration.socketMode, group: configuration.socketGroup,
      session: store.root)
    add(ipc)
    if let rpc { add(rpc) }
    handler.openSessionSocket = { [unowned self] session, connection throws(StoreError) in
      try openSocket(for: session, askedBy: connection)
    }
    handler.volumes = self
    handler.zero = { [arena, log] range in
      do throws(SharedMemoryError) {
        try arena.zero(offset: range.offset, length: range.length)
      } catch {
        log.error("cannot zero \(range.length) bytes: \(error)")
      }
    }
    handler.trimMemory = { [unowned self] in pages.trim() }
    store.isAwaited = { [unowned self] in waiting[$0] != nil }
  }

  private func announce() {
    // Supervisors of the original wait for the wording of these two lines.
    log.info("Vineyard will listen on \"\(configuration.socketPath)\" for IPC")
    if let rpc = listeners.values.first(where: { $0.kind == .rpc }) {
      log.info(
        "Vineyard will listen on \(ListenAddress(host: configuration.rpcHost ?? "0.0.0.0", port: Int(rpc.port))) for RPC"
      )
    }
    if let passwords, passwords.count == 0 { log.warning("nobody may connect: no user is in \(passwords.path)") }
    if let endpoint = metricsEndpoint { log.info("metrics are served on port \(endpoint.port) at /metrics") }
  }

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
  public func run() {
    pages.pump()
    while !isStopping { turn(timeout: hasWork ? 0 : timeToRest) }
    drain()
  }

  /// Waits for events, deals with them and with what follows from them.
  func turn(timeout: CInt) {
    let work = store.work.done
    var start: UInt64 = 0
    poller.wait(timeout: timeout) {
      start = monotonicNanoseconds()
    } serve: { event in
      store.now = unixMilliseconds()
      dispatch(event)
    }
    continueWork()
    keepHouse()
    resumeAccepting()
    endExpiredSessions()
    tellOfReuse()
    repeat {
      wakeParked()
      pages.pump()
    } while answerTrimmed()
    turns.record(nanoseconds: monotonicNanoseconds() - start, work: store.work.done - work)
  }

  private func dispatch(_ event: Poller.Event) {
    if event.token >= Token.firstConnection {
      if let connection = connections[event.token] { serve(connection, event) }
    } else if event.token == Token.mailbox {
      for letter in mailbox.takeAll() { letter(self) }
    } else if event.token == Token.signals {
      let signal = clinux_signalfd_read(signalFile)
      if signal > 0 { take(signal) }
    } else if let listener = listeners[event.token] {
      accept(on: listener)
    }
  }
}
