import Coordination
import EtcdClient
import Logging
import StoreProtocol
import Support

/// Writes changes in their order, several at a time.
struct ChangeWriter {
  let client: EtcdClient
  let queues: BackendQueues
  /// The key by which it tells what became of transactions that were not answered.
  let marker: [UInt8]
  /// How long etcd may be away until a change is refused.
  let patience: Duration
  let log: Logger

  private static let backOff = BackOff(first: .milliseconds(50), longest: .seconds(1))
  /// How long one try may take.
  private static let longestTry: Duration = .seconds(5)
  private static let shortestTry: Duration = .milliseconds(200)

  func run() async {
    var progress = WriteProgress(marker: marker)
    for await _ in queues.signals { await write(&progress) }
  }

  /// Writes what waits, again and again while etcd may just be away.
  private func write(_ progress: inout WriteProgress) async {
    var failures = 0
    while !Task.isCancelled, let transaction = progress.next(queues) {
      let failure: EtcdError
      do throws(EtcdError) {
        let result = try await client.transaction(transaction, within: timeLimit(progress))
        progress.take(succeeded: result.succeeded, at: result.revision, result.found, queues)
        failures = 0
        continue
      } catch {
        failure = error
      }
      if failure == .cancelled { return }
      failures += 1
      if failures == 1 { log.warning("changes are not written: \(failure)") }
      switch failure {
      case .unknownOutcome, .malformed: progress.fail(mayHaveHappened: true)
      default: progress.fail(mayHaveHappened: false)
      }
      let reason = StoreError(.ioError, "the metadata cannot be written: \(failure)")
      guard failure.mayPass(progress.batch) else {
        tell(progress.batch, failure)
        progress.refuse(queues, reason)
        continue
      }
      progress.expire(queues, since: .now - patience, reason)
      try? await Task.sleep(for: Self.backOff.delay(after: failures))
    }
  }

  private func tell(_ batch: [KeyChanges], _ failure: EtcdError) {
    guard batch.count == 1 else { return }
    for changes in batch where changes.number == nil || !changes.isRefusable {
      log.error("others do not see \(changes.places.count) objects and names as they are: \(failure)")
    }
  }

  /// Until the first of those who wait is to be told.
  private func timeLimit(_ progress: WriteProgress) -> Duration {
    let waiting = (progress.batch.filter(\.isRefusable).map(\.since) + (queues.oldest.map { [$0] } ?? [])).min()
    guard let oldest = progress.lastProgress ?? waiting else { return Self.longestTry }
    return max(Self.shortestTry, min(Self.longestTry, oldest + patience - .now))
  }
}

extension Transaction.Result {
  /// What each of its ranges found.
  fileprivate var found: [[KeyValue]] {
    outcomes.compactMap { outcome in
      guard case .range(let result) = outcome else { return nil }
      return result.pairs
    }
  }
}

extension EtcdError {
  /// Whether the same may succeed in a moment; what must be written waits for more.
  fileprivate func mayPass(_ batch: [KeyChanges]) -> Bool {
    switch self {
    case .unavailable, .unknownOutcome: true
    case .noSpace, .denied, .badCertificate: batch.allSatisfy { !$0.isRefusable }
    default: false
    }
  }
}
