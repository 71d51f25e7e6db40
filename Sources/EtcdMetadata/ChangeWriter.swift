import Coordination
import EtcdClient
import Logging
import StoreProtocol
import Support

/// Writes changes in their order, several at a time.
struct ChangeWriter {
  let client: EtcdClient
  let queues: BackendQueues
  /// How long etcd may be away until a change is refused.
  let patience: Duration
  let log: Logger

  private static let backOff = BackOff(first: .milliseconds(50), longest: .seconds(1))
  /// How long one try may take.
  private static let longestTry: Duration = .seconds(5)
  private static let shortestTry: Duration = .milliseconds(200)

  func run() async {
    for await _ in queues.signals {
      while case let batch = queues.nextBatch(), !batch.isEmpty { await write(batch) }
    }
  }

  private func write(_ batch: [KeyChanges]) async {
    let operations = batch.flatMap(\.operations)
    let pieces = TransactionRoom.pieces(of: operations)
    guard batch.count == 1, pieces.count > 1 else { return await write(batch, operations[...]) }
    var revision: Int64 = 0
    for piece in pieces {
      guard let written = await attempt(batch, piece, since: .now).revision else { return }
      revision = written
    }
    queues.report(batch.map { .written($0.sequence, revision: revision) })
  }

  private func write(_ batch: [KeyChanges], _ operations: ArraySlice<Transaction.Operation>) async {
    let (revision, rest) = await attempt(batch, operations, since: nil)
    if let revision { return queues.report(rest.map { .written($0.sequence, revision: revision) }) }
    // One of them is what etcd does not take.
    for changes in rest { await write([changes]) }
  }

  /// Writes in one transaction, and again while etcd may just be away.
  ///
  /// Nothing is compared: after a lost answer the same again also undoes what others did in between.
  ///
  /// - Parameter since: when there was progress last, where that counts.
  /// - Returns: the revision of the change; else what is to be tried one by one, nothing when all is settled.
  private func attempt(
    _ batch: [KeyChanges], _ operations: ArraySlice<Transaction.Operation>, since progress: ContinuousClock.Instant?
  ) async -> (revision: Int64?, rest: [KeyChanges]) {
    var (batch, operations) = (batch, Array(operations))
    var failures = 0
    while true {
      let failure: EtcdError
      do throws(EtcdError) {
        let limit = timeLimit(batch, progress)
        return (try await client.transaction(Transaction(then: operations), within: limit).revision, batch)
      } catch {
        failure = error
      }
      if failure == .cancelled { return (nil, []) }
      failures += 1
      if failures == 1 { log.warning("changes are not written: \(failure)") }
      if !failure.mayPass(batch) {
        if batch.count > 1 { return (nil, batch) }
        refuse(batch, failure)
        return (nil, [])
      }
      let reason = StoreError(.ioError, "the metadata cannot be written: \(failure)")
      let count = batch.count
      let limit = ContinuousClock.now - patience
      batch = queues.expire(batch, progress: progress.map { $0 > limit } ?? false, since: limit, reason)
      if batch.isEmpty { return (nil, []) }
      if batch.count < count { operations = batch.flatMap(\.operations) }
      try? await Task.sleep(for: Self.backOff.delay(after: failures))
    }
  }

  private func refuse(_ batch: [KeyChanges], _ failure: EtcdError) {
    let reason = StoreError(.ioError, "the metadata cannot be written: \(failure)")
    for changes in batch where changes.number == nil || !changes.isRefusable {
      log.error("others do not see \(changes.places.count) objects and names as they are: \(failure)")
    }
    queues.report(batch.map { .refused($0.sequence, reason) })
  }

  /// Until the first of those who wait is to be told.
  private func timeLimit(_ batch: [KeyChanges], _ progress: ContinuousClock.Instant?) -> Duration {
    let waiting = (batch.filter(\.isRefusable).map(\.since) + (queues.oldest.map { [$0] } ?? [])).min()
    guard let oldest = progress ?? waiting else { return Self.longestTry }
    return max(Self.shortestTry, min(Self.longestTry, oldest + patience - .now))
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
