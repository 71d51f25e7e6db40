import CLinux
import EtcdClient
import EtcdMetadata
import Glibc
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import StoreServer
import Support
import Synchronization

/// Runs the store until it is told to stop.
///
/// - Throws: `CommandError` when it cannot start.
func runDaemon(_ options: VineyarddOptions, log: Log) throws {
  // Before any thread has a heap.
  clinux_return_large_blocks()
  let sink = try LogSink()
  defer { sink.flush() }
  let log = log.with(minimum: options.logLevel).with(sink: sink)
  signal(SIGPIPE, SIG_IGN)
  if !options.dumpsCore {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  }
  log.info("Hello vineyard v\(Version.current)! (vineyardctl \(Version.product))")
  var configuration = configuration(options)
  configuration.sharing = options.etcd.map { sharing($0, log) }
  try StoreServer.start(configuration, log: log, handlesSignals: true).run()
}

/// Joins the stores that share an etcd.
private func sharing(_ options: EtcdOptions, _ log: Log) -> MetadataSharing {
  { store, record, wake throws(CommandError) in
    let client = EtcdClient(endpoints: options.endpoints)
    let places = options.endpoints.map(\.description).joined(separator: ",")
    log.info("metadata is shared through \(places), prefix \(options.prefix)")
    let joining = wait { () async -> Result<EtcdMembership, EtcdError> in
      do throws(EtcdError) {
        return .success(
          try await EtcdMembership.join(client, prefix: options.prefix, record: record, within: options.timeout))
      } catch {
        return .failure(error)
      }
    }
    switch joining {
    case .success(let membership):
      log.info("this is instance \(membership.instance)")
      return EtcdBackend(membership, store: store, log: log, wake: wake)
    case .failure(let error):
      throw CommandError(
        .notReady, "the store is not ready: its metadata is in etcd", cause: "\(error)",
        hint: "see that etcd runs at \(places), or start with --meta local")
    }
  }
}

/// Blocks this thread until something asynchronous is done.
private func wait<Output: Sendable>(_ work: @escaping @Sendable () async -> Output) -> Output {
  let outcome = Outcome<Output>()
  Task.detached { outcome.give(await work()) }
  return outcome.await()
}

/// Passes the outcome of a task to a thread that is blocked until then.
private final class Outcome<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isThere = Semaphore()

  func give(_ outcome: Value) {
    value.withLock { $0 = outcome }
    isThere.signal()
  }

  func await() -> Value {
    while true {
      isThere.wait()
      if let value = value.withLock({ $0 }) { return value }
    }
  }
}

/// The configuration of the server from the options.
private func configuration(_ options: VineyarddOptions) -> ServerConfiguration {
  var configuration = ServerConfiguration(socketPath: options.socketPath, version: Version.current)
  configuration.socketMode = options.socketMode
  configuration.socketGroup = options.socketGroup
  configuration.rpcPort = options.rpcPort
  configuration.rpcHost = options.rpcHost
  configuration.metricsHost = options.metricsHost
  configuration.endpointHost = options.endpointHost
  configuration.metricsPort = options.metricsPort
  configuration.htpasswd = options.htpasswd
  configuration.adminTokenFile = options.adminTokenFile
  configuration.allowsClusterScope = options.allowsClusterScope
  configuration.memoryLimit = options.memoryLimit
  configuration.memoryVolume = options.memoryVolume
  configuration.nodeMemory = options.nodeMemory
  // In a pod, requests and limits share the memory out.
  if options.memoryVolume == nil { configuration.memoryLedger = .ofUser() }
  configuration.hugePages = HugePagePolicy(rawValue: options.hugePages.rawValue) ?? .auto
  configuration.populate = PopulateMode(rawValue: options.populate.rawValue) ?? .ahead
  configuration.deletedMemory = DeletedMemoryPolicy(rawValue: options.deletedMemory.rawValue) ?? .reuse
  configuration.overwrite = OverwritePolicy(rawValue: options.overwrite.rawValue) ?? .keep
  configuration.streamThreshold = UInt64(max(0, options.streamThreshold))
  configuration.deployment = options.deployment.rawValue
  configuration.hostname = options.hostname
  configuration.nodename = options.nodename
  configuration.metricsUser = options.logsMetrics ? options.metricsUser : nil
  return configuration
}
