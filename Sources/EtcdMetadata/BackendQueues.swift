import DequeModule
import EtcdClient
import StoreProtocol
import Synchronization

/// What passes between the thread that owns the store and the tasks that talk with etcd.
final class BackendQueues: Sendable {
  /// What has become of changes.
  enum Outcome: Sendable {
    /// Written, at the revisions of its parts.
    case written(UInt64, [Int64])
    /// Given up; what it has left is told when it is known.
    case refused(UInt64, StoreError)
    /// What was given up has left parts that were written at these revisions, mostly none.
    case left(UInt64, [Int64])
    /// Its conditions do not hold; what is there instead.
    case outdated(UInt64, [KeyValue], revision: Int64)
    /// It takes longer than clients wait, and goes on.
    case late(UInt64, StoreError)
  }

  /// What others did to keys that are followed together.
  enum News: Sendable {
    /// All of them, because there was a gap.
    ///
    /// - isContinued: whether what is missing was deleted; else etcd has lost its data.
    case contents(EtcdContents, of: WatchedKeys, isContinued: Bool)
    case events([WatchEvent], of: WatchedKeys, revision: Int64)
  }

  /// What is to be followed from now on, after a revision, or (nil) no more.
  struct Following: Sendable {
    let keys: WatchedKeys
    let revision: Int64?
  }

  private struct State {
    var changes: Deque<KeyChanges> = []
    /// Changes that cannot be refused and whose clients were told.
    var late: Set<UInt64> = []
    var outcomes: [Outcome] = []
    var news: [News] = []
    var answers: [KeyAnswer] = []
  }

  private let state = Mutex(State())
  private let wake: @Sendable () -> Void
  /// Yields when there is something to write.
  let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation
  /// What is to be asked.
  let questions: AsyncStream<KeyQuestion>
  private let question: AsyncStream<KeyQuestion>.Continuation
  /// What is to be followed.
  let following: AsyncStream<Following>
  private let follow: AsyncStream<Following>.Continuation

  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
    (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (questions, question) = AsyncStream.makeStream()
    (following, follow) = AsyncStream.makeStream()
  }

  /// Whether nothing waits to be written or taken.
  var isIdle: Bool {
    state.withLock { $0.changes.isEmpty && $0.outcomes.isEmpty && $0.news.isEmpty && $0.answers.isEmpty }
  }

  /// Has the loop look for verdicts.
  func wakeUp() { wake() }

  // MARK: - Changes

  func write(_ changes: [KeyChanges]) {
    state.withLock { $0.changes.append(contentsOf: changes) }
    signal.yield()
  }

  /// The next changes that fit into one transaction, or one that does not.
  func nextBatch() -> [KeyChanges] {
    state.withLock { state in
      var batch: [KeyChanges] = []
      var room = TransactionRoom()
      while let next = state.changes.first, room.take(next) {
        batch.append(next)
        state.changes.removeFirst()
      }
      return batch
    }
  }

  /// Takes changes back that nobody has begun to write.
  func remove(_ sequences: Set<UInt64>) -> Set<UInt64> {
    state.withLock { state in
      let removed = Set(state.changes.lazy.map(\.sequence).filter { sequences.contains($0) })
      if !removed.isEmpty { state.changes.removeAll { removed.contains($0.sequence) } }
      return removed
    }
  }

  /// Gives up changes that have waited for too long while etcd is away, or tells their clients.
  ///
  /// - Parameters:
  ///   - sent: changes that may be on their way, which come first.
  ///   - progress: whether something of them was written lately; then they are not given up.
  ///   - limit: what has waited since then has waited for too long.
  /// - Returns: those that were sent and are given up.
  func expire(
    _ sent: [KeyChanges], progress: Bool, since limit: ContinuousClock.Instant, _ error: StoreError
  ) -> Set<UInt64> {
    let expired = state.withLock { state in
      let expired = progress ? [] : sent.filter { Self.expires($0, limit, error, &state) }
      state.changes = Deque(
        state.changes.filter { changes in
          guard Self.expires(changes, limit, error, &state) else { return true }
          state.outcomes.append(.left(changes.sequence, []))
          return false
        })
      return expired
    }
    wake()
    return Set(expired.map(\.sequence))
  }

  /// - Returns: whether it is given up.
  private static func expires(
    _ changes: KeyChanges, _ limit: ContinuousClock.Instant, _ error: StoreError, _ state: inout State
  ) -> Bool {
    guard changes.since <= limit, changes.number != nil else { return false }
    if changes.isRefusable {
      state.outcomes.append(.refused(changes.sequence, error))
      return true
    }
    if state.late.insert(changes.sequence).inserted { state.outcomes.append(.late(changes.sequence, error)) }
    return false
  }

  /// When the first of the changes that wait may be given up; nil when there is none.
  var oldest: ContinuousClock.Instant? {
    state.withLock { state in state.changes.first { $0.isRefusable }?.since }
  }

  func report(_ outcomes: [Outcome]) {
    state.withLock { state in
      state.outcomes += outcomes
      for case .written(let sequence, _) in outcomes { state.late.remove(sequence) }
    }
    wake()
  }

  func takeOutcomes() -> [Outcome] {
    state.withLock { state in
      defer { state.outcomes = [] }
      return state.outcomes
    }
  }

  // MARK: - News

  /// Has keys followed from the one after a revision on, or (nil) no more.
  func follow(_ keys: WatchedKeys, after revision: Int64?) { follow.yield(Following(keys: keys, revision: revision)) }

  func report(_ news: News) {
    state.withLock { $0.news.append(news) }
    wake()
  }

  func takeNews() -> [News] {
    state.withLock { state in
      defer { state.news = [] }
      return state.news
    }
  }

  // MARK: - Questions

  func ask(_ asked: KeyQuestion) { question.yield(asked) }

  func report(_ answer: KeyAnswer) {
    state.withLock { $0.answers.append(answer) }
    wake()
  }

  func takeAnswers() -> [KeyAnswer] {
    state.withLock { state in
      defer { state.answers = [] }
      return state.answers
    }
  }
}
