import Coordination
import Support
import Synchronization

extension CommandContext {
  /// Does something that may wait without end for a file, such as a pipe that nobody writes to, on a thread of its own.
  ///
  /// After an interruption nobody waits for it any more; the thread ends with the process.
  ///
  /// - Throws: what the work throws; `CancellationError` after an interruption.
  func waiting<Content: Sendable>(
    for work: @escaping @Sendable (CommandContext) throws -> Content
  ) async throws -> Content {
    let (outcome, end) = (Outcome<Content>(), Latch())
    let isStarted = startThread(named: "file reader") {
      outcome.set(Result { try work(self) })
      end.open()
    }
    guard isStarted else { return try work(self) }
    try await end.wait()
    guard let result = outcome.result else { throw CancellationError() }
    return try result.get()
  }
}

/// How work on another thread ended.
private final class Outcome<Content: Sendable>: Sendable {
  private let state = Mutex<Result<Content, any Error>?>(nil)

  var result: Result<Content, any Error>? { state.withLock { $0 } }

  func set(_ result: Result<Content, any Error>) { state.withLock { $0 = result } }
}
