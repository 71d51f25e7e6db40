import Synchronization

/// One exchange: the loop's thread puts the answer in, one task takes it out.
final class Transfer: Sendable {
  fileprivate struct State {
    var parser = HTTPHeadParser()
    var head: HTTPHead?
    var waiting: [UInt8] = []
    var outcome: Result<Void, any Error>?
    var reader: CheckedContinuation<Void, Never>?
    /// Something came while no task was waiting.
    var hasNews = false
    var hasOverflowed = false
  }

  let request: HTTPRequest
  /// Whether the answer is taken piece by piece as it arrives.
  let isStreamed: Bool
  private let loop: TransferLoop
  private let state = Mutex(State())

  init(_ request: HTTPRequest, isStreamed: Bool = false, on loop: TransferLoop) {
    self.request = request
    self.isStreamed = isStreamed
    self.loop = loop
  }

  // The task's side.

  /// Waits for the end of the exchange.
  ///
  /// - Throws: `TransportFailure`, `CancellationError`.
  func response() async throws -> HTTPResponse {
    try await until { state -> HTTPResponse? in
      guard let outcome = state.outcome else { return nil }
      try outcome.get()
      return HTTPResponse(head: state.head ?? HTTPHead(), body: state.takeBody())
    }
  }

  /// Waits for the status and the headers.
  func head() async throws -> HTTPHead {
    try await until { state -> HTTPHead? in
      if let head = state.head { return head }
      try state.outcome?.get()
      return state.outcome == nil ? nil : HTTPHead()
    }
  }

  /// Waits for bytes of the body; nil at its end.
  func next() async throws -> [UInt8]? {
    try await until { state -> [UInt8]?? in
      if !state.waiting.isEmpty { return .some(state.takeBody()) }
      guard let outcome = state.outcome else { return nil }
      try outcome.get()
      return .some(nil)
    }
  }

  private func until<Found>(_ look: (inout State) throws -> Found?) async throws -> Found {
    try await withTaskCancellationHandler {
      while true {
        if let found = try state.withLock({ try look(&$0) }) { return found }
        await news()
      }
    } onCancel: {
      cancel()
    }
  }

  private func news() async {
    await withCheckedContinuation { continuation in
      let hasNews = state.withLock { state in
        if state.hasNews || state.outcome != nil {
          state.hasNews = false
          return true
        }
        state.reader = continuation
        return false
      }
      if hasNews { continuation.resume() }
    }
  }

  /// Ends the exchange early; the task that waits gets a `CancellationError`. Does nothing after the end.
  func cancel() {
    guard finish(.failure(CancellationError())) else { return }
    loop.cancel(self)
  }

  // The loop's side.

  /// Takes one header line.
  func receive(headerLine line: String) {
    notify { state in
      guard let head = state.parser.take(line) else { return false }
      state.head = head
      return true
    }
  }

  /// Takes bytes of the body; the first ones always, so that a reader gets on whatever the limit.
  ///
  /// - Returns: false when more would be waiting than allowed.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var fits = true
    notify { state in
      fits = state.waiting.isEmpty || state.waiting.count + bytes.count <= request.bodyLimit
      state.hasOverflowed = !fits
      if fits { state.waiting.append(contentsOf: bytes) }
      return fits
    }
    return fits
  }

  /// Whether the body was cut because too much of it was waiting.
  var hasOverflowed: Bool { state.withLock { $0.hasOverflowed } }

  /// Says how the exchange ended.
  ///
  /// - Returns: false when it had ended before.
  @discardableResult
  func finish(_ outcome: Result<Void, any Error>) -> Bool {
    var isFirst = false
    notify { state in
      isFirst = state.outcome == nil
      if isFirst { state.outcome = outcome }
      return isFirst
    }
    return isFirst
  }

  private func notify(_ change: (inout State) -> Bool) {
    let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard change(&state), isStreamed || state.outcome != nil else { return nil }
      defer { state.reader = nil }
      state.hasNews = state.reader == nil
      return state.reader
    }
    reader?.resume()
  }
}

extension Transfer.State {
  fileprivate mutating func takeBody() -> [UInt8] {
    defer { waiting = [] }
    return waiting
  }
}
