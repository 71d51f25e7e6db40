import CLinux
import Glibc
import Logging
import SharedMemory
import StoreCore
import StoreProtocol
import StoreServer
import Support

/// Runs the store until it is told to stop.
///
/// - Throws: `ProgramError` when it cannot start.
func runDaemon(_ options: VineyarddOptions, log: Logger) throws {
  // Before any thread has a heap.
  clinux_return_large_blocks()
  let warnings = try options.checkTLSFiles()
  let sink = try LogSink()
  defer { sink.flush() }
  let log = Logger(minimum: options.logLevel, write: { sink.write($0) })
  signal(SIGPIPE, SIG_IGN)
  if !options.dumpsCore {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  }
  log.info("Hello vineyard v\(Version.current)! (vineyardctl \(Version.product))")
  for warning in warnings { log.warning("\(warning)") }
  var configuration = options.server
  configuration.droppedLogLines = { sink.dropped }
  configuration.sharing = options.etcd.map { metadataSharing($0, log) }
  // In a pod, requests and limits share the memory out.
  if configuration.memoryVolume == nil { configuration.memoryLedger = .ofUser() }
  try StoreServer.start(configuration, log: log, handlesSignals: true).run()
}
