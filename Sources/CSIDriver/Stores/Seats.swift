import Synchronization

/// Limits how many tasks do something at the same time; the others wait in the order in which they came.
final class Seats: Sendable {
  private struct State {
    var free: Int
    var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    var lastID: UInt64 = 0
  }

  private let state: Mutex<State>

  init(count: Int) { state = Mutex(State(free: count)) }

  /// - Returns: nil when the caller was cancelled before there was a seat.
  func withSeat<Output: Sendable>(_ body: () async -> Output) async -> Output? {
    guard await take() else { return nil }
    defer { leave() }
    return await body()
  }

  private func take() async -> Bool {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isSeated: Bool? = state.withLock { state in
          // Cancellation either shows here or comes when the continuation waits already.
          if Task.isCancelled { return false }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.waiting.append((id, continuation))
          return nil
        }
        if let isSeated { continuation.resume(returning: isSeated) }
      }
    } onCancel: {
      cancel(id)
    }
  }

  private func cancel(_ id: UInt64) {
    let waiting = state.withLock { state in
      state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
    }
    waiting?.resume(returning: false)
  }

  private func leave() {
    let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
      if state.waiting.isEmpty {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst().continuation
    }
    next?.resume(returning: true)
  }
}
