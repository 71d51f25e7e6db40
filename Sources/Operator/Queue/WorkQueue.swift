import Coordination
import DequeModule
import Synchronization

/// Keys to work on: each is worked on by one worker at a time, and again when it changed meanwhile.
final class WorkQueue<Key: Hashable & Sendable>: Sendable {
  private struct Inner {
    var state = QueueState<Key>()
    var waiters: Deque<CheckedContinuation<Key?, Never>> = []
    var isFinished = false
    var timer: (due: ContinuousClock.Instant, task: Task<Void, Never>)?
    var counts = Counts()
  }

  /// Counters since the start.
  struct Counts: Sendable, Equatable {
    var adds: UInt64 = 0
    var retries: UInt64 = 0
  }

  private let inner = Mutex(Inner())
  private let backOff: BackOff

  init(backOff: BackOff = BackOff()) { self.backOff = backOff }

  /// Keys that wait for a worker.
  var depth: Int { inner.withLock { $0.state.depth } }
  var counts: Counts { inner.withLock { $0.counts } }

  func add(_ key: Key) {
    change { inner in
      inner.counts.adds += 1
      inner.state.add(key)
    }
  }

  /// Asks for work on a key after a while, or earlier when something else asks for it.
  func add(_ key: Key, after delay: Duration) {
    change { $0.state.add(key, at: .now + delay) }
  }

  /// Waits for a key.
  ///
  /// - Returns: nil once the queue is finished.
  func next() async -> Key? {
    await withCheckedContinuation { continuation in
      change { $0.waiters.append(continuation) }
    }
  }

  /// Ends the work on a key that `next` gave.
  ///
  /// - Parameter failed: whether it is to be tried again after a while.
  func done(_ key: Key, failed: Bool) {
    change { inner in
      if failed {
        inner.counts.retries += 1
        let delay = backOff.delay(after: inner.state.countFailure(key))
        inner.state.add(key, at: .now + delay)
      } else {
        inner.state.forgetFailures(key)
      }
      inner.state.finish(key)
    }
  }

  /// Sends everybody who waits away, now and later.
  func finish() {
    change { inner in
      inner.isFinished = true
      inner.timer?.task.cancel()
      inner.timer = nil
    }
  }

  /// Changes the queue, and gives keys to those who wait.
  private func change(_ body: (inout Inner) -> Void) {
    let served = inner.withLock { inner in
      body(&inner)
      var served: [(waiter: CheckedContinuation<Key?, Never>, key: Key?)] = []
      if inner.isFinished {
        while let waiter = inner.waiters.popFirst() { served.append((waiter, nil)) }
        return served
      }
      while let waiter = inner.waiters.first, let key = inner.state.take() {
        inner.waiters.removeFirst()
        served.append((waiter, key))
      }
      setTimer(&inner)
      return served
    }
    for (waiter, key) in served { waiter.resume(returning: key) }
  }

  private func setTimer(_ inner: inout Inner) {
    guard let due = inner.state.nextDue, inner.timer.map({ due < $0.due }) ?? true else { return }
    inner.timer?.task.cancel()
    let task = Task { [weak self] in
      guard (try? await Task.sleep(until: due, clock: .continuous)) != nil else { return }
      self?.change { inner in
        inner.timer = nil
        inner.state.release(at: .now)
      }
    }
    inner.timer = (due, task)
  }
}
