import Glibc
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// What happens before the daemon serves clients.
extension StoreServer {
  /// Takes as many descriptors as the system allows.
  ///
  /// - Returns: how many.
  static func raiseFileLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }

  static func makeStore(
    _ configuration: ServerConfiguration, _ log: Log
  ) throws(CommandError) -> (Arena, Store, MemoryBudget) {
    var limits = MemoryLimits.detect(volume: configuration.memoryVolume, node: configuration.nodeMemory)
    let makePlan = { (promised: MemoryLedger.Promised) in
      limits.promised = promised
      let plan = MemoryPlan(requested: configuration.memoryLimit, limits: limits)
      return (plan.budget.total, plan)
    }
    let plan = configuration.memoryLedger?.reserve(makePlan) ?? makePlan(.init()).1
    for warning in plan.warnings { log.warning(warning) }
    let arena: Arena
    do throws(SharedMemoryError) {
      arena = try Arena.create(
        length: plan.sparseLength, exactLength: plan.exactLength, policy: configuration.hugePages,
        log: { log.info($0) })
    } catch {
      throw CommandError(
        .failed, "cannot get \(ByteSize(bytes: plan.budget.size)) of shared memory", cause: error.description,
        hint: "choose a smaller --size")
    }
    var core = Store.Configuration(limit: plan.budget.size, arenaLength: arena.length)
    core.reserve = configuration.populate == .all ? plan.exactLength : plan.budget.reserve
    core.commitLimit = plan.budget.pages
    core.populate = configuration.populate
    core.streamThreshold = configuration.streamThreshold
    core.started = unixMilliseconds()
    core.timeText = { Timestamp(milliseconds: Int64(clamping: $0)).description }
    core.overwrite = configuration.overwrite
    core.deletedMemory = configuration.deletedMemory
    log.info("objects may take \(ByteSize(bytes: plan.budget.size))")
    return (arena, Store(core), plan.budget)
  }

  static func identity(_ configuration: ServerConfiguration, rpcPort: UInt16?) -> InstanceIdentity {
    InstanceIdentity(
      socketPath: configuration.socketPath,
      rpcEndpoint: rpcPort.map { "\(configuration.endpointHost ?? configuration.hostname):\($0)" }
        ?? InstanceIdentity.noRPC,
      deployment: configuration.deployment, version: configuration.version)
  }

  /// What other stores and clients find in the table of instances.
  static func instanceRecord(_ configuration: ServerConfiguration, _ identity: InstanceIdentity) -> InstanceRecord {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let hostID = configuration.hostname.utf8.reduce(into: UInt64(5381)) { $0 = ($0 &* 33) ^ UInt64($1) }
    return InstanceRecord(
      hostID: hostID & 0xffff_ffff_ffff, hostname: configuration.hostname, nodename: configuration.nodename,
      socketPath: identity.socketPath, rpcEndpoint: identity.rpcEndpoint,
      timestamp: UInt64(max(0, time.tv_sec)) << 32 | UInt64(time.tv_nsec / 1000))
  }

  /// With populate mode *all*: takes every page before the socket opens.
  func populateEverything() throws(CommandError) {
    guard configuration.populate == .all else { return }
    var done: UInt64 = 0
    var reported = monotonicNanoseconds()
    while case .populate(let range, let urgent) = store.nextPageJob(idleTarget: nil) {
      do throws(SharedMemoryError) {
        try arena.populate(offset: range.offset, length: range.length)
      } catch {
        throw CommandError(
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
