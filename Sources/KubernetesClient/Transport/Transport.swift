import Support
import Synchronization

/// HTTP for one client; the thread starts with the first exchange and ends with this object.
final class Transport: Sendable {
  private struct Running {
    let loop: TransferLoop
    let thread: BackgroundThread
  }

  private let running = Mutex<Running?>(nil)

  deinit {
    guard let running = running.withLock({ $0 }) else { return }
    running.loop.stop()
    running.thread.join()
  }

  /// Carries out an exchange; cancelling the task aborts it.
  ///
  /// - Throws: `TransportFailure`, `CancellationError`.
  func perform(_ request: HTTPRequest) async throws -> HTTPResponse {
    let loop = try loop()
    let transfer = Transfer(request, on: loop)
    loop.start(transfer)
    return try await transfer.response()
  }

  /// Begins an exchange whose answer is read as it arrives.
  ///
  /// - Throws: `TransportFailure`, `CancellationError`.
  func open(_ request: HTTPRequest) async throws -> HTTPStream {
    let loop = try loop()
    let transfer = Transfer(request, isStreamed: true, on: loop)
    loop.start(transfer)
    return HTTPStream(transfer, head: try await transfer.head())
  }

  private func loop() throws -> TransferLoop {
    try running.withLock { running in
      if let running { return running.loop }
      let loop = try TransferLoop()
      let thread = try BackgroundThread(named: "kubernetes-http") { loop.run() }
      running = Running(loop: loop, thread: thread)
      return loop
    }
  }
}

/// An answer whose body is still arriving; letting go of it ends the exchange.
final class HTTPStream: Sendable {
  let head: HTTPHead
  private let transfer: Transfer

  init(_ transfer: Transfer, head: HTTPHead) {
    self.transfer = transfer
    self.head = head
  }

  deinit { transfer.cancel() }

  /// Some bytes of the body; nil at its end.
  ///
  /// - Throws: `TransportFailure`, `CancellationError`.
  func next() async throws -> [UInt8]? { try await transfer.next() }

  /// Everything that is left of the body.
  func rest() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let more = try await next() { bytes += more }
    return bytes
  }
}
