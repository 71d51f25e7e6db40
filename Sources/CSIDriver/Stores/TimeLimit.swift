import GRPCCore
import Support
import Synchronization

/// Does some work that ends early when it is cancelled, and cancels it when it takes too long.
///
/// - Throws: `late` after `limit`; otherwise what the work throws.
func withTimeLimit<Output: Sendable>(
  _ limit: Duration, late: RPCError, _ work: @escaping @Sendable () async throws -> Output
) async throws -> Output {
  try await withThrowingTaskGroup(of: Output.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw late
    }
    defer { group.cancelAll() }
    guard let output = try await group.next() else { throw CancellationError() }
    return output
  }
}

extension RPCError {
  static func late(_ message: String) -> RPCError { RPCError(code: .deadlineExceeded, message: message) }
}

/// Runs what blocks on a thread of its own, and waits for it no longer than `limit`.
///
/// - Parameter missed: stands for the output when time is up, the caller is cancelled or there is no thread; the thread
///   goes on, and nobody hears of it.
func onThread<Output: Sendable>(
  within limit: Duration, orElse missed: Output, _ body: @escaping @Sendable () -> Output
) async -> Output {
  let outcome = FirstOutcome<Output>()
  let timer = Task {
    try await Task.sleep(for: limit)
    outcome.give(missed)
  }
  defer { timer.cancel() }
  return await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      guard outcome.await(continuation) else { return }
      if !startThread(named: "csi-store", { outcome.give(body()) }) { outcome.give(missed) }
    }
  } onCancel: {
    outcome.give(missed)
  }
}

/// Hands the first of several outcomes to somebody who waits.
private final class FirstOutcome<Output: Sendable>: Sendable {
  private enum State {
    case open
    case awaited(CheckedContinuation<Output, Never>)
    case given(Output)
    case taken
  }

  private let state = Mutex(State.open)

  /// - Returns: false when the outcome was there already.
  func await(_ continuation: CheckedContinuation<Output, Never>) -> Bool {
    let early: Output? = state.withLock { state in
      if case .given(let output) = state {
        state = .taken
        return output
      }
      state = .awaited(continuation)
      return nil
    }
    guard let early else { return true }
    continuation.resume(returning: early)
    return false
  }

  func give(_ output: Output) {
    let waiting: CheckedContinuation<Output, Never>? = state.withLock { state in
      switch state {
      case .open:
        state = .given(output)
        return nil
      case .awaited(let continuation):
        state = .taken
        return continuation
      case .given, .taken: return nil
      }
    }
    waiting?.resume(returning: output)
  }
}
