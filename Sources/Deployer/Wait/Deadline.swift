import Support

/// The moment at which a command stops waiting.
public struct Deadline: Sendable {
  /// How long the command may take in all, nil for as long as it takes.
  public let limit: TimeSpan?
  private let end: ContinuousClock.Instant?

  /// A deadline from now on.
  public init(after limit: TimeSpan?) {
    self.limit = limit
    end = limit.map { .now + $0.duration }
  }

  var hasPassed: Bool { end.map { .now >= $0 } ?? false }

  /// Runs something until the deadline.
  ///
  /// - Returns: false when the deadline came first; what was running is cancelled and has ended then.
  func race(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
    guard let end else {
      try await body()
      return true
    }
    return try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return true
      }
      group.addTask {
        try await Task.sleep(until: end, clock: .continuous)
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? true
    }
  }

  /// The limit as people write it.
  var text: String { limit?.description ?? "" }
}
