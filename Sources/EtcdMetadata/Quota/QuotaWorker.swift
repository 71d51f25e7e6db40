import EtcdClient
import Logging
import Synchronization

/// What passes between the thread that owns the store and the task that changes records of quotas.
final class QuotaQueue: Sendable {
  /// A change of a record, or a look at it.
  struct Work: Sendable {
    let number: UInt64
    let key: [UInt8]
    let action: QuotaShare.Action
    let conditions: [Transaction.Comparison]
  }

  /// What has become of it.
  struct Result: Sendable {
    let number: UInt64
    let outcome: QuotaShare.Outcome
    /// Why it is not known, or why nothing was written although the record is as before.
    let error: String?
  }

  let works: AsyncStream<Work>
  private let work: AsyncStream<Work>.Continuation
  private let results = Mutex<[Result]>([])
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
    (works, work) = AsyncStream.makeStream()
  }

  func start(_ work: Work) { self.work.yield(work) }

  /// Has the loop look for answers.
  func wakeUp() { wake() }

  func report(_ result: Result) {
    results.withLock { $0.append(result) }
    wake()
  }

  func takeResults() -> [Result] {
    results.withLock { results in
      defer { results = [] }
      return results
    }
  }
}

/// Changes records of quotas, those of several volumes at a time.
struct QuotaWorker {
  /// How long etcd may take.
  private static let limit: Duration = .seconds(3)
  /// Pause after a failure, before the store tries again.
  private static let pause: Duration = .milliseconds(200)

  let client: EtcdClient
  let queue: QuotaQueue
  let log: Logger

  func run() async {
    await withDiscardingTaskGroup { group in
      for await work in queue.works {
        group.addTask {
          let result = await perform(work)
          if result.error != nil { try? await Task.sleep(for: Self.pause) }
          queue.report(result)
        }
      }
    }
  }

  private func perform(_ work: QuotaQueue.Work) async -> QuotaQueue.Result {
    do throws(EtcdError) {
      let transaction = work.action.transaction(on: work.key, if: work.conditions)
      let result = try await client.transaction(transaction, within: Self.limit)
      var found: KeyValue?
      for case .range(let range) in result.outcomes { found = range.pairs.first }
      let outcome = work.action.outcome(succeeded: result.succeeded, revision: result.revision, found: found)
      guard case .write(_, let base) = work.action, !result.succeeded, found?.modRevision ?? 0 == base else {
        return QuotaQueue.Result(number: work.number, outcome: outcome, error: nil)
      }
      return QuotaQueue.Result(
        number: work.number, outcome: outcome, error: "this store or the volume is not known to others")
    } catch {
      log.debug("a quota is not changed in etcd: \(error)")
      return QuotaQueue.Result(number: work.number, outcome: .unknown, error: "\(error)")
    }
  }
}
