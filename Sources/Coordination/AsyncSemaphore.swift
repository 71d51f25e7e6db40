import Synchronization

/// Limits how many tasks do something at the same time; the others wait in the order in which they came, without
/// blocking a thread.
public final class AsyncSemaphore: Sendable {
  private struct State {
    var permits: Int
    var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    var lastID: UInt64 = 0
  }

  private let state: Mutex<State>

  public init(permits: Int) { state = Mutex(State(permits: permits)) }

  /// Runs `body` with a permit.
  ///
  /// - Returns: nil when the caller was cancelled before there was a permit.
  public func withPermit<Output: Sendable>(_ body: () async -> Output) async -> Output? {
    guard await acquire() else { return nil }
    defer { release() }
    return await body()
  }

  private func acquire() async -> Bool {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isGranted: Bool? = state.withLock { state in
          // Cancellation either shows here or comes when the continuation waits already.
          if Task.isCancelled { return false }
          if state.permits > 0 {
            state.permits -= 1
            return true
          }
          state.waiting.append((id, continuation))
          return nil
        }
        if let isGranted { continuation.resume(returning: isGranted) }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
      }
      waiting?.resume(returning: false)
    }
  }

  /// Hands the permit to the next who waits, or keeps it.
  private func release() {
    let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
      if state.waiting.isEmpty {
        state.permits += 1
        return nil
      }
      return state.waiting.removeFirst().continuation
    }
    next?.resume(returning: true)
  }
}
