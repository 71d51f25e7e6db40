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

extension Array where Element: Sendable {
  /// Runs a task for each element, all side by side.
  ///
  /// - Parameter done: takes the result of each element as soon as those of all earlier elements have been taken.
  /// - Returns: the results in the order of the elements.
  /// - Throws: the first error of a task; the others are cancelled.
  func mapConcurrently<Result: Sendable>(
    _ transform: @escaping @Sendable (Element) async throws -> Result, inOrder done: (Result) -> Void = { _ in }
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      for (index, element) in enumerated() { group.addTask { (index, try await transform(element)) } }
      var early: [Int: Result] = [:]
      var results: [Result] = []
      for try await (index, result) in group {
        early[index] = result
        while let next = early.removeValue(forKey: results.count) {
          done(next)
          results.append(next)
        }
      }
      return results
    }
  }
}
