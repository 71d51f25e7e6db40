import Support

/// Work that took too long and was given up.
public struct TimedOut: Error, CustomStringConvertible {
  public let timeout: Duration

  public var description: String { "no answer within \(timeout.text)" }
}

/// Does some work that ends early when it is cancelled, and cancels it when it takes too long.
///
/// - Parameter late: the error after `timeout`; nil for `TimedOut`.
/// - Throws: what `work` throws, `late` after `timeout`, and `CancellationError`.
public func withTimeout<Output: Sendable>(
  _ timeout: Duration, throwing late: (any Error)? = nil, _ work: @escaping @Sendable () async throws -> Output
) async throws -> Output {
  guard let output = try await run(until: .now + timeout, work) else { throw late ?? TimedOut(timeout: timeout) }
  return output
}

/// - Returns: nil when the end came first; the work is cancelled and has ended then.
private func run<Output: Sendable>(
  until end: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> Output
) async throws -> Output? {
  try await withThrowingTaskGroup(of: Output?.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(until: end, clock: .continuous)
      return nil
    }
    defer { group.cancelAll() }
    return try await group.next() ?? nil
  }
}

/// The moment at which a command stops waiting.
public struct Deadline: Sendable {
  /// Time that the command may take in all, nil for as long as it takes.
  public let limit: TimeSpan?
  private let end: ContinuousClock.Instant?

  /// A deadline from now on.
  public init(after limit: TimeSpan?) {
    self.limit = limit
    end = limit.map { .now + $0.duration }
  }

  public var hasPassed: Bool { end.map { .now >= $0 } ?? false }

  /// Runs something until the deadline.
  ///
  /// - Returns: false when the deadline came first; what was running is cancelled and has ended then.
  /// - Throws: what `body` throws, and `CancellationError`.
  public func race(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
    guard let end else {
      try await body()
      return true
    }
    return try await run(until: end, body) != nil
  }

  /// The limit as people write it.
  public var text: String { limit?.description ?? "" }
}
