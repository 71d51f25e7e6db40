import CLinux
import Glibc
import SharedMemory
import StoreCore
import StoreProtocol
import StoreServer
import Support

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
  try StoreServer.start(configuration(options), log: log, handlesSignals: true).run()
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
