import Glibc
import Logging
import SharedMemory
import StoreClient
import StoreCore
import StoreProtocol
import StoreServer
import Support
import Synchronization
import Testing

@testable import CSIDriver

/// A node with a real store, on a thread of its own.
final class StoreNode: StoreStandIn {
  let name: String
  let memory: UInt64
  let directoryPath: String
  let socketPath: String
  /// What pods are taken for; it need not be true.
  let isReady = Mutex(true)
  var readiness: Bool { isReady.withLock { $0 } }
  private let directory: TemporaryDirectory
  private let running = Mutex<(stop: @Sendable () -> Void, thread: BackgroundThread)?>(nil)

  /// - Parameter memory: bytes of the store.
  init(_ name: String, memory: UInt64 = 64 << 20) throws {
    self.name = name
    self.memory = memory
    directory = try TemporaryDirectory()
    directoryPath = directory.path
    socketPath = "\(directory.path)/vineyard.sock"
    try start()
  }

  deinit { stop() }

  func start() throws {
    var configuration = ServerConfiguration(socketPath: socketPath, version: "0.24.2")
    configuration.memoryLimit = memory
    configuration.hugePages = .off
    configuration.populate = .off
    let settings = configuration
    let ready = Semaphore()
    let shared = Outcome()
    let thread = try BackgroundThread(named: "test-store") {
      do throws(ProgramError) {
        let server = try StoreServer.start(settings, log: Logger(minimum: .error), handlesSignals: false)
        shared.set(.success(server.stopper))
        ready.signal()
        try server.run()
      } catch {
        shared.set(.failure(error))
        ready.signal()
      }
    }
    ready.wait()
    let stop = try #require(shared.value).get()
    running.withLock { $0 = (stop, thread) }
  }

  func stop() {
    let store = running.withLock { store in
      defer { store = nil }
      return store
    }
    store?.stop()
    store?.thread.join()
  }

  /// The store's own view.
  func volumes() throws -> [VolumeRecord] { try client().list().volumes }

  func client() throws -> VolumeClient {
    let client = try StoreClient(path: socketPath, timeout: .seconds(30))
    try client.handshake()
    return VolumeClient(client)
  }

  /// Writes a blob of so many bytes through the socket of a volume.
  func write(_ bytes: Int, to name: String) throws {
    let client = try StoreClient(path: "\(directory.path)/volumes/\(name)/vineyard.sock", timeout: .seconds(30))
    try client.handshake()
    let (id, file) = try client.call(Array(#"{"type":"create_buffer_request","size":\#(bytes)}"#.utf8)) {
      reply throws(StoreError) in (try reply.integer("id"), try reply.integer("fd"))
    }
    // -1 for no descriptor.
    if file != .max { close(try client.receiveDescriptor()) }
    try client.call(Array(#"{"type":"seal_request","object_id":\#(id)}"#.utf8)) { _ in }
  }
}

private final class Outcome: Sendable {
  private let result = Mutex<Result<@Sendable () -> Void, ProgramError>?>(nil)
  var value: Result<@Sendable () -> Void, ProgramError>? { result.withLock { $0 } }
  func set(_ value: Result<@Sendable () -> Void, ProgramError>) { result.withLock { $0 = value } }
}
