import Glibc
import HTTPEndpoint
import Logging
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Start of the daemon, before it serves clients.
extension StoreServer {
  /// Takes memory, opens the sockets and the volumes that were there before. A store that shares its metadata begins to
  /// join the others, and opens the sockets when it has: until then clients find nothing, rather than a store that knows
  /// nothing.
  ///
  /// - Parameter handlesSignals: whether SIGTERM and SIGINT end ``run()``, and SIGHUP has the sockets looked at.
  /// - Throws: `ProgramError` when a socket is in use or memory cannot be had.
  public static func start(
    _ configuration: ServerConfiguration, log: Logger, handlesSignals: Bool
  ) throws(ProgramError) -> StoreServer {
    let loop = try EventLoop(handlesSignals: handlesSignals)
    let descriptors = raiseFileLimit()
    try Listener.removeStaleSocket(for: configuration.socketPath)
    let (arena, store, budget) = try makeStore(configuration, log)
    let files = MemoryFiles(arena, at: store.firstFile, log: log)
    store.openFile = { files.open($0) }
    let rpc = try configuration.rpcPort.map { port throws(ProgramError) in
      try Listener.tcp(host: configuration.rpcHost, port: port, session: store.root)
    }
    let mailbox = loop.mailbox
    let pages: PageSupply
    do throws(SharedMemoryError) {
      let workers = try (0..<pageWorkers).map { _ throws(SharedMemoryError) in
        try PageWorker(arena: arena) { job, result in mailbox.post { $0.finishPages(job, result) } }
      }
      pages = PageSupply(
        store: store, files: files, workers: workers, releases: arena.pageKind != .hugetlb, log: log)
    } catch {
      throw ProgramError(.failed, error.description)
    }
    let transfers = try TransferThread { token, succeeded in
      mailbox.post { $0.finishTransfer(token, succeeded) }
    }
    let heap = try HeapMeter(limit: budget.heap)
    let identity = identity(configuration, rpcPort: rpc?.port)
    let record = instanceRecord(configuration, identity)
    let handler = RequestHandler(
      store: store, identity: identity,
      adminToken: AdminToken(path: configuration.adminTokenFile), replies: heap.buffers)
    let secrets = configuration.adminTokenFile.map { PeerSecrets(path: $0) }
    // What it is now is accepted for a while when it is replaced; a file that comes later is read then.
    do throws(ProgramError) {
      _ = try secrets?.keys()
    } catch {
      // One that is not there is told with the flags.
      if let path = configuration.adminTokenFile, access(path, R_OK) == 0 {
        log.warning(
          "\(error.description): until it has a token, requests about volumes over TCP are refused, and no proof of other stores is accepted"
        )
      }
    }
    let parts = Parts(
      loop: loop, files: files, store: store, backend: EmbeddedBackend(), heap: heap, disk: try DiskWorker(),
      pages: pages,
      transfers: transfers,
      handler: handler, secrets: secrets, sessionLimit: min(1024, descriptors / 8))
    let server = StoreServer(configuration, log: log, parts)
    try server.populateEverything()
    try server.serveMetrics()
    if let sharing = configuration.sharing {
      server.join(sharing, as: record, rpc: rpc)
    } else {
      store.setInstance(store.instances.local, record)
      try server.listen(rpc: rpc)
    }
    return server
  }

  /// Opens everything to clients.
  func listen(rpc: Listener?) throws(ProgramError) {
    handler.volumes = volumes
    reopenVolumes()
    backend.volumes?.beginServing()
    if let time = lossRecord.begin(now: unixMilliseconds()) { store.noteLostNames(at: time) }
    let ipc = try Listener.unix(
      configuration.socketPath, mode: configuration.socketMode, group: configuration.socketGroup,
      session: store.root)
    try rpc?.listen()
    connections.add(ipc)
    if let rpc { connections.add(rpc) }
    isServing = true
    announce()
  }

  private func serveMetrics() throws(ProgramError) {
    let mailbox = mailbox
    metricsEndpoint = try configuration.metricsPort.map { port throws(ProgramError) in
      try HTTPEndpoint(
        ListenAddress(host: configuration.metricsHost, port: Int(port)), flag: "--metrics_port or --metrics_host",
        handler: HTTPEndpoint.handler([
          "/metrics": { deliver in mailbox.post { deliver(HTTPEndpoint.Response($0.metricsText())) } },
          "/healthz": { $0(.ok) },
          "/readyz": { deliver in mailbox.post { deliver($0.readiness) } },
        ]))
    }
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

  /// Takes as many descriptors as the system allows.
  ///
  /// - Returns: how many.
  private static func raiseFileLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }

  private static func makeStore(
    _ configuration: ServerConfiguration, _ log: Logger
  ) throws(ProgramError) -> (Arena, Store, MemoryBudget) {
    var limits = MemoryLimits.detect(volume: configuration.memoryVolume, node: configuration.nodeMemory)
    let makePlan = { (promised: MemoryLedger.Promised) in
      limits.promised = promised
      let plan = MemoryPlan(requested: configuration.memoryLimit, limits: limits)
      // One with a size may let its heap grow into what nobody else takes, and promises no more than its size needs.
      let isSized = configuration.memoryLimit != nil
      return (isSized ? MemoryBudget(size: plan.budget.size).total : plan.budget.total, plan)
    }
    let plan = configuration.memoryLedger?.reserve(makePlan) ?? makePlan(.init()).1
    for warning in plan.warnings { log.warning("\(warning)") }
    let arena: Arena
    do throws(SharedMemoryError) {
      arena = try Arena.create(
        length: plan.sparseLength, exactLength: plan.exactLength, policy: configuration.hugePages,
        log: { isWarning, line in log.log(level: isWarning ? .warning : .info, "\(line)") })
    } catch {
      throw ProgramError(
        .failed, "cannot get \(ByteSize(bytes: plan.budget.size)) of shared memory", cause: error.description,
        hint: "choose a smaller --size")
    }
    if !arena.isReadOnlyEnforced {
      log.info("\(Self.readOnlyIsNotEnforced)")
    }
    var core = Store.Configuration(limit: plan.budget.size, arenaLength: arena.length)
    core.reserve = configuration.populate == .all ? plan.exactLength : plan.budget.reserve
    core.commitLimit = plan.budget.pages
    // Reserved pages are all in one file.
    core.separatesTenants = arena.pageKind != .hugetlb
    if !core.separatesTenants { log.info("\(Self.tenantsShareMemory)") }
    core.populate = configuration.populate
    core.streamThreshold = configuration.streamThreshold
    core.copyLimit = configuration.copiesLimit.bytes(of: plan.budget.size)
    core.volumeCopyLimit = configuration.volumeCopiesLimit?.bytes(of: plan.budget.size)
    core.started = unixMilliseconds()
    core.timeText = { Timestamp(milliseconds: Int64(clamping: $0)).description }
    core.overwrite = configuration.overwrite
    core.deletedMemory = configuration.deletedMemory
    log.info("objects may take \(ByteSize(bytes: plan.budget.size))")
    let store = Store(core)
    store.hasPeers = false
    return (arena, store, plan.budget)
  }

  /// Threads that make pages: what clients wait for is shared out among them.
  private static let pageWorkers = min(4, max(2, sysconf(CInt(_SC_NPROCESSORS_ONLN))))

  private static let tenantsShareMemory =
    "volumes: reserved huge pages are one memory file that the clients of all volumes map (--huge_pages auto, thp, tmpfs "
    + "or off gives each volume files of its own)"

  private static let readOnlyIsNotEnforced =
    "read-only volumes: root, and the user of this process, can still open this memory for writing by way of /proc "
    + "(a tmpfs of the store's own prevents that: CAP_SYS_ADMIN, --huge_pages auto, Linux 5.12)"

  private static func identity(_ configuration: ServerConfiguration, rpcPort: UInt16?) -> InstanceIdentity {
    InstanceIdentity(
      socketPath: configuration.socketPath,
      rpcEndpoint: rpcPort.map { "\(configuration.endpointHost ?? configuration.hostname):\($0)" }
        ?? InstanceIdentity.noRPC,
      deployment: configuration.deployment, version: configuration.version)
  }

  /// Record of this store for the table of instances.
  private static func instanceRecord(_ configuration: ServerConfiguration, _ identity: InstanceIdentity)
    -> InstanceRecord
  {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let hostID = configuration.hostname.utf8.reduce(into: UInt64(5381)) { $0 = ($0 &* 33) ^ UInt64($1) }
    return InstanceRecord(
      hostID: hostID & 0xffff_ffff_ffff, hostname: configuration.hostname, nodename: configuration.nodename,
      socketPath: identity.socketPath, rpcEndpoint: identity.rpcEndpoint,
      timestamp: UInt64(max(0, time.tv_sec)) << 32 | UInt64(time.tv_nsec / 1000))
  }

  /// Takes every page before the socket opens, with populate mode *all*.
  private func populateEverything() throws(ProgramError) {
    guard configuration.populate == .all else { return }
    var done: UInt64 = 0
    var reported = monotonicNanoseconds()
    while case .populate(let range, let urgent) = store.nextPageJob(idleTarget: nil) {
      do throws(SharedMemoryError) {
        try arena.populate(offset: range.offset, length: range.length)
      } catch {
        throw ProgramError(
          .failed, "cannot reserve \(ByteSize(bytes: store.memory.limit)), got \(ByteSize(bytes: done))",
          cause: error.description, hint: "choose a smaller --size")
      }
      store.finishPopulate(range, urgent: urgent, succeeded: true)
      done += range.length
      if monotonicNanoseconds() > reported + 1_000_000_000 {
        reported = monotonicNanoseconds()
        log.info("\(ByteSize(bytes: done)) of \(ByteSize(bytes: store.memory.limit)) are reserved")
      }
    }
    log.info("all \(ByteSize(bytes: done)) are reserved")
  }
}
