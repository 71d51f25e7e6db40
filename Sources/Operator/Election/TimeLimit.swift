/// Something took too long and was given up.
struct TimedOut: Error, CustomStringConvertible {
  let limit: Duration

  var description: String { "no answer within \(limit)" }
}

/// Does something, and gives it up after a while.
///
/// - Throws: `TimedOut`, and what `work` throws.
func within<Result: Sendable>(
  _ limit: Duration, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw TimedOut(limit: limit)
    }
    defer { group.cancelAll() }
    guard let result = try await group.next() else { throw CancellationError() }
    return result
  }
}
