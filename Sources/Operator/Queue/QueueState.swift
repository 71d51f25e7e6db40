import DequeModule

/// Keys that are due, that come later and that are being worked on. Time is an argument, nothing waits here.
struct QueueState<Key: Hashable & Sendable>: Sendable {
  typealias Instant = ContinuousClock.Instant

  private var ready: Deque<Key> = []
  /// Keys that changed since they were last taken.
  private var dirty: Set<Key> = []
  private var processing: Set<Key> = []
  private var delayed: [Key: Instant] = [:]
  private var failures: [Key: Int] = [:]

  /// Keys that could be taken now.
  var depth: Int { ready.count }
  /// Time at which the next delayed key is due.
  var nextDue: Instant? { delayed.values.min() }

  /// Asks for work on a key; several times before it is taken are one.
  mutating func add(_ key: Key) {
    guard dirty.insert(key).inserted else { return }
    if !processing.contains(key) { ready.append(key) }
  }

  /// Asks for work on a key at a time, or earlier when something else asks for it.
  mutating func add(_ key: Key, at due: Instant) {
    delayed[key] = min(delayed[key] ?? due, due)
  }

  /// Makes keys ready whose time has come.
  mutating func release(at now: Instant) {
    for (key, due) in delayed where due <= now {
      delayed[key] = nil
      add(key)
    }
  }

  /// Takes the key that has waited longest; no other worker gets it until it is finished.
  mutating func take() -> Key? {
    guard let key = ready.popFirst() else { return nil }
    dirty.remove(key)
    delayed[key] = nil
    processing.insert(key)
    return key
  }

  /// Ends the work on a key; what was asked for meanwhile makes it ready again.
  mutating func finish(_ key: Key) {
    processing.remove(key)
    if dirty.contains(key) { ready.append(key) }
  }

  /// Counts a failure.
  ///
  /// - Returns: failures in a row.
  mutating func countFailure(_ key: Key) -> Int {
    failures[key, default: 0] += 1
    return failures[key] ?? 1
  }

  mutating func forgetFailures(_ key: Key) { failures[key] = nil }
}
