import Glibc
import Logging
import SharedMemory
import StoreCore
import Support
import Synchronization

@testable import StoreServer

/// A server on a thread of its own, with a socket in a directory nobody else uses.
final class RunningServer: Sendable {
  let directory: String
  let socketPath: String
  let rpcPort: UInt16
  let metricsPort: UInt16
  private let mailbox: Mailbox
  private let stopper: @Sendable () -> Void
  private let ended: Handoff<Void>
  private let isStopped = Mutex(false)
  private let lines: LineCollector

  /// Starts a server of 16 MiB without populating, unless `configure` says otherwise.
  ///
  /// - Throws: what the server's initialiser throws.
  convenience init(_ configure: (inout ServerConfiguration) -> Void = { _ in }) throws {
    let directory = try makeDirectory()
    var configuration = ServerConfiguration(socketPath: "\(directory)/vineyard.sock", version: "0.24.2")
    configuration.rpcPort = 0
    configuration.memoryLimit = 16 * mebibyte
    configuration.hugePages = .off
    configuration.populate = .off
    configuration.hostname = "host-a"
    configuration.nodename = "host-a"
    configure(&configuration)
    do {
      try self.init(configuration, in: directory)
    } catch {
      removeDirectory(directory)
      throw error
    }
  }

  private init(_ configuration: ServerConfiguration, in directory: String) throws {
    struct Started: Sendable {
      let mailbox: Mailbox
      let stopper: @Sendable () -> Void
      let rpcPort: UInt16
      let metricsPort: UInt16
    }
    let lines = LineCollector()
    let log = Logger(minimum: .info, write: { lines.append($0) })
    let started = Handoff<Result<Started, ProgramError>>()
    let ended = Handoff<Void>()
    let isRunning = startThread(named: "test-server") {
      do throws(ProgramError) {
        let server = try StoreServer.start(configuration, log: log, handlesSignals: false)
        started.give(
          .success(
            Started(
              mailbox: server.mailbox, stopper: server.stopper, rpcPort: server.rpcPort ?? 0,
              metricsPort: UInt16(server.metricsPort ?? 0))))
        try server.run()
      } catch {
        started.give(.failure(error))
      }
      ended.give(())
    }
    guard isRunning else { throw TestFailure("no thread for the server") }
    let facts = try started.take().get()
    self.directory = directory
    self.lines = lines
    self.ended = ended
    socketPath = configuration.socketPath
    mailbox = facts.mailbox
    stopper = facts.stopper
    rpcPort = facts.rpcPort
    metricsPort = facts.metricsPort
  }

  deinit {
    try? stop()
    removeDirectory(directory)
  }

  /// The lines of the log so far.
  var log: [String] { lines.all }

  /// Runs `body` between two events of the server's loop.
  func onLoop<Value: Sendable>(_ body: @escaping @Sendable (StoreServer) -> Value) throws -> Value {
    let result = Handoff<Value>()
    mailbox.post { result.give(body($0)) }
    return try result.take()
  }

  /// Runs `body` on the loop without waiting for it.
  func post(_ body: @escaping @Sendable (StoreServer) -> Void) { mailbox.post(body) }

  /// Waits until `condition` holds between two events of the loop.
  func waitUntil(_ what: String, _ condition: @escaping @Sendable (StoreServer) -> Bool) throws {
    for _ in 0..<4000 {
      if try onLoop(condition) { return }
      usleep(5000)
    }
    throw TestFailure("it never happens that \(what)")
  }

  /// Asks the server to stop, without waiting.
  func beginStop() { stopper() }

  /// Stops the server and waits for its thread.
  func stop() throws {
    let wasStopped = isStopped.withLock { isStopped in
      defer { isStopped = true }
      return isStopped
    }
    if wasStopped { return }
    stopper()
    try ended.take()
  }
}

/// Log lines of another thread.
private final class LineCollector: Sendable {
  private let lines = Mutex<[String]>([])

  func append(_ line: String) { lines.withLock { $0.append(line) } }

  var all: [String] { lines.withLock { $0 } }
}
