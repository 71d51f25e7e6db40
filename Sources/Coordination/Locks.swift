import Support
import Synchronization

/// One lock for each key, fair: callers go in the order in which they came. They wait without blocking a thread.
public final class KeyedLock: Sendable {
  private struct Waiter {
    let id: UInt64
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    /// Waiting callers of each key that is taken.
    var waiters: [String: [Waiter]] = [:]
    var lastID: UInt64 = 0
  }

  private let state = Mutex(State())
  private let late: @Sendable (_ key: String, _ timeout: TimeSpan) -> any Error

  /// - Parameter late: the error of a caller that has waited for a key until the timeout.
  public init(late: @escaping @Sendable (_ key: String, _ timeout: TimeSpan) -> any Error) { self.late = late }

  /// Runs `body` while nobody else holds the key.
  ///
  /// - Parameter timeout: time to wait for callers that came before.
  /// - Throws: what `late` makes after the timeout, `CancellationError`, and what `body` throws.
  public func withLock<Result: Sendable>(
    _ key: String, timeout: TimeSpan, _ body: () async throws -> Result
  ) async throws -> Result {
    if !takeIfFree(key) { try await wait(for: key, timeout) }
    defer { release(key) }
    return try await body()
  }

  /// Number of keys that are taken.
  var takenCount: Int { state.withLock { $0.waiters.count } }

  /// Number of callers that wait for a key.
  func waiterCount(_ key: String) -> Int { state.withLock { $0.waiters[key]?.count ?? 0 } }

  private func takeIfFree(_ key: String) -> Bool {
    state.withLock { state in
      guard state.waiters[key] == nil else { return false }
      state.waiters[key] = []
      return true
    }
  }

  private func wait(for key: String, _ timeout: TimeSpan) async throws {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    var alarm: Task<Void, any Error>?
    defer { alarm?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        enqueue(Waiter(id: id, continuation: continuation), for: key)
        alarm = startAlarm(id, for: key, timeout)
      }
    } onCancel: {
      remove(id, from: key)?.resume(throwing: CancellationError())
    }
  }

  private func startAlarm(_ id: UInt64, for key: String, _ timeout: TimeSpan) -> Task<Void, any Error> {
    Task {
      try await Task.sleep(for: timeout.duration)
      remove(id, from: key)?.resume(throwing: late(key, timeout))
    }
  }

  private func enqueue(_ waiter: Waiter, for key: String) {
    let outcome: Swift.Result<Void, any Error>? = state.withLock { state in
      // A task cancelled before this point finds nobody to remove, one cancelled later finds the waiter.
      if Task.isCancelled { return .failure(CancellationError()) }
      guard state.waiters[key] != nil else {
        state.waiters[key] = []
        return .success(())
      }
      state.waiters[key]?.append(waiter)
      return nil
    }
    if let outcome { waiter.continuation.resume(with: outcome) }
  }

  private func remove(_ id: UInt64, from key: String) -> CheckedContinuation<Void, any Error>? {
    state.withLock { state in
      guard let index = state.waiters[key]?.firstIndex(where: { $0.id == id }) else { return nil }
      return state.waiters[key]?.remove(at: index).continuation
    }
  }

  /// Hands the key to the next, or gives it up.
  private func release(_ key: String) {
    let next: Waiter? = state.withLock { state in
      guard let first = state.waiters[key]?.first else {
        state.waiters[key] = nil
        return nil
      }
      state.waiters[key]?.removeFirst()
      return first
    }
    next?.continuation.resume()
  }
}

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

  /// Hands the permit to the next caller that waits, or keeps it.
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
