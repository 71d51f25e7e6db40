import Support

/// The moment at which a command stops waiting.
public struct Deadline: Sendable {
  /// How long the command may take in all.
  public let limit: Duration
  private let end: ContinuousClock.Instant

  /// A deadline from now on.
  public init(after limit: Duration) {
    self.limit = limit
    end = .now + limit
  }

  var hasPassed: Bool { .now >= end }

  /// Runs something until the deadline.
  ///
  /// - Returns: false when the deadline came first; what was running is cancelled and has ended then.
  func race(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return true
      }
      group.addTask { [end] in
        try await Task.sleep(until: end, clock: .continuous)
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? true
    }
  }

  /// The limit as people write it: `5m0s` is `5m`.
  var text: String {
    let seconds = limit.components.seconds
    guard seconds >= 60 else { return "\(seconds)s" }
    return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds / 60)m\(seconds % 60)s"
  }
}
