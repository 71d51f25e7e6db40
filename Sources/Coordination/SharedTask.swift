import Synchronization

/// Work that several callers wait for; it is cancelled when all of them are.
public final class SharedTask<Value: Sendable>: Sendable {
  private let task: Task<Value, any Error>
  private let count = Mutex(0)

  /// Starts the work.
  public init(_ work: @escaping @Sendable () async throws -> Value) { task = Task { try await work() } }

  /// Whether everybody has left, so that a newcomer has to start the work anew.
  public var isAbandoned: Bool { task.isCancelled }

  /// Number of callers that came and have not left early.
  var callerCount: Int { count.withLock { $0 } }

  /// Waits for the result.
  ///
  /// - Throws: what the work throws; a caller who is not cancelled gets `CancellationError` when it came just after
  ///   everybody else had left.
  public func value() async throws -> Value {
    count.withLock { $0 += 1 }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      let isLast = count.withLock { count in
        count -= 1
        return count == 0
      }
      if isLast { task.cancel() }
    }
  }
}
