import DequeModule
import EtcdClient
import StoreProtocol
import Synchronization

/// What passes between the thread that owns the store and the tasks that talk with etcd.
final class BackendQueues: Sendable {
  /// What has become of a change set.
  enum Outcome: Sendable {
    case written(UInt64, revision: Int64)
    case refused(UInt64, StoreError)
  }

  /// What others did.
  enum News: Sendable {
    case contents(EtcdContents)
    case events([WatchEvent], revision: Int64)
  }

  private struct State {
    var changes: Deque<KeyChanges> = []
    var outcomes: [Outcome] = []
    var news: [News] = []
  }

  private let state = Mutex(State())
  private let wake: @Sendable () -> Void
  /// Yields when there is something to write.
  let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation

  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
    (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func write(_ changes: KeyChanges) {
    state.withLock { $0.changes.append(changes) }
    signal.yield()
  }

  /// The next change sets that fit into one transaction: no key is changed twice.
  func nextBatch() -> [KeyChanges] {
    state.withLock { state in
      var batch: [KeyChanges] = []
      var keys: Set<[UInt8]> = []
      var bytes = 0
      while let next = state.changes.first {
        let size = next.changes.reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) + 16 }
        if !batch.isEmpty {
          guard keys.count + next.changes.count <= ChangeWriter.operations, bytes + size <= ChangeWriter.bytes,
            next.changes.allSatisfy({ !keys.contains($0.key) })
          else { break }
        }
        bytes += size
        keys.formUnion(next.changes.map(\.key))
        batch.append(next)
        state.changes.removeFirst()
      }
      return batch
    }
  }

  func report(_ outcomes: [Outcome]) {
    state.withLock { $0.outcomes += outcomes }
    wake()
  }

  func report(_ news: News) {
    state.withLock { $0.news.append(news) }
    wake()
  }

  func takeOutcomes() -> [Outcome] {
    state.withLock { state in
      defer { state.outcomes = [] }
      return state.outcomes
    }
  }

  func takeNews() -> [News] {
    state.withLock { state in
      defer { state.news = [] }
      return state.news
    }
  }
}
