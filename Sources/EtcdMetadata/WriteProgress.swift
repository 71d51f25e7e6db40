import DequeModule
import EtcdClient
import StoreProtocol

/// Changes on their way to etcd, one transaction after the other, and what is known of those that nobody answered. Pure.
///
/// Each transaction writes a key of the store's own, its marker, and does nothing unless that is as the one before has
/// left it. So none happens twice, or after a later one, however late it arrives; and the next answer tells what became
/// of all before.
struct WriteProgress {
  /// A transaction that may have happened.
  private struct Sent {
    let mark: [UInt8]
    let sequences: [UInt64]
  }

  private let marker: [UInt8]
  /// Revision of the marker.
  private var revision: Int64 = 0
  private var lastMark: UInt64 = 0
  /// What is written now: several in one transaction, or one, in several if it is large.
  private(set) var batch: [KeyChanges] = []
  /// The parts of the batch that are not written yet, and the revisions of those that are.
  private var parts: ArraySlice<ArraySlice<Transaction.Operation>> = []
  private var written: [Int64] = []
  /// Changes to be written one by one, since one of them was not taken.
  private var singles: Deque<KeyChanges> = []
  private var current: Sent?
  private var doubtful: [Sent] = []
  /// Changes that were given up and may have happened, with the revisions of their parts that have.
  private var givenUp: [UInt64: [Int64]] = [:]
  /// Time of the last progress with what takes several transactions.
  private(set) var lastProgress: ContinuousClock.Instant?

  init(marker: [UInt8]) { self.marker = marker }

  /// Whether everything is written, and known to be.
  var isIdle: Bool { batch.isEmpty && singles.isEmpty && doubtful.isEmpty }

  // MARK: - Sending

  /// The next transaction, the same again after a failure; nil when there is nothing to be done.
  ///
  /// When everything was given up, one that writes only the marker tells what became of it.
  mutating func next(_ queues: BackendQueues) -> Transaction? {
    if batch.isEmpty { begin(singles.popFirst().map { [$0] } ?? queues.nextBatch()) }
    if batch.isEmpty, doubtful.isEmpty { return nil }
    let sequences = batch.map(\.sequence)
    let sent =
      doubtful.last.flatMap { $0.sequences == sequences ? $0 : nil } ?? Sent(mark: newMark(), sequences: sequences)
    current = sent
    let reading = batch.compactMap(\.reading).map { Transaction.Operation.range($0) }
    return Transaction(
      if: [.isUnchanged(marker, since: revision)] + (written.isEmpty ? batch.flatMap(\.conditions) : []),
      then: (parts.first.map { Array($0) } ?? reading) + [.put(key: marker, value: sent.mark)],
      else: [.range(.key(marker))] + reading)
  }

  private mutating func newMark() -> [UInt8] {
    lastMark += 1
    return JSONText.text(lastMark)
  }

  private mutating func begin(_ changes: [KeyChanges]) {
    batch = changes
    written = []
    cut()
    lastProgress = parts.count > 1 ? .now : nil
  }

  private mutating func cut() {
    let operations = batch.flatMap(\.operations)
    parts = batch.count == 1 ? TransactionRoom.pieces(of: operations)[...] : batch.isEmpty ? [] : [operations[...]]
  }

  // MARK: - What became of it

  /// Takes the answer to the last transaction.
  ///
  /// - Parameter found: what it has read.
  mutating func take(
    succeeded: Bool, at revision: Int64, _ found: [[KeyValue]], _ queues: BackendQueues
  ) {
    guard current != nil else { return }
    current = nil
    guard !succeeded else {
      self.revision = revision
      var outcomes = settle(happened: [], at: revision)
      if let changes = batch.first, parts.isEmpty {
        outcomes.append(.outdated(changes.sequence, found.flatMap { $0 }, revision: revision))
        batch = []
      } else {
        outcomes += advance(at: revision)
      }
      return queues.report(outcomes)
    }
    let pair = found.first?.first
    if let changes = batch.first, !changes.conditions.isEmpty, pair?.modRevision ?? 0 == self.revision {
      batch = []
      return queues.report([.outdated(changes.sequence, found.dropFirst().flatMap { $0 }, revision: revision)])
    }
    // An earlier one happened; or, where the marker is not known, etcd has lost its data and with them all of these.
    self.revision = pair?.modRevision ?? 0
    let happened = doubtful.first { $0.mark == pair?.value }?.sequences ?? []
    queues.report(settle(happened: Set(happened), at: self.revision))
  }

  /// Notes that the last transaction was not answered, or (false) has not happened.
  mutating func fail(mayHaveHappened: Bool) {
    if mayHaveHappened, let current, !doubtful.contains(where: { $0.mark == current.mark }) { doubtful.append(current) }
    current = nil
  }

  /// Gives up what has waited for too long.
  mutating func expire(_ queues: BackendQueues, since limit: ContinuousClock.Instant, _ error: StoreError) {
    let expired = queues.expire(
      batch + singles, progress: lastProgress.map { $0 > limit } ?? false, since: limit, error)
    queues.report(giveUp(expired))
  }

  /// Gives up what etcd does not take. Of several changes each is tried on its own.
  mutating func refuse(_ queues: BackendQueues, _ error: StoreError) {
    guard batch.count <= 1 else {
      singles = Deque(batch) + singles
      batch = []
      return
    }
    guard let changes = batch.first else { return queues.report(settle(happened: [], at: revision)) }
    queues.report([.refused(changes.sequence, error)] + giveUp([changes.sequence]))
  }

  private mutating func giveUp(_ sequences: Set<UInt64>) -> [BackendQueues.Outcome] {
    var outcomes: [BackendQueues.Outcome] = []
    for changes in batch + singles where sequences.contains(changes.sequence) {
      let written = changes.sequence == batch.first?.sequence ? written : []
      if doubtful.contains(where: { $0.sequences.contains(changes.sequence) }) {
        givenUp[changes.sequence] = written
      } else {
        outcomes.append(.left(changes.sequence, written))
      }
    }
    remove(sequences)
    return outcomes
  }

  /// Takes changes out that need not be written any more.
  private mutating func remove(_ sequences: Set<UInt64>) {
    singles.removeAll { sequences.contains($0.sequence) }
    let count = batch.count
    batch.removeAll { sequences.contains($0.sequence) }
    if batch.count == count { return }
    written = []
    cut()
  }

  /// Notes what has happened of all that was in doubt.
  private mutating func settle(happened: Set<UInt64>, at revision: Int64) -> [BackendQueues.Outcome] {
    var outcomes = givenUp.sorted { $0.key < $1.key }.map { sequence, written in
      BackendQueues.Outcome.left(sequence, written + (happened.contains(sequence) ? [revision] : []))
    }
    doubtful = []
    givenUp = [:]
    if happened.isEmpty { return outcomes }
    if batch.count == 1 {
      // What was to be read must be read again.
      if happened.contains(batch[0].sequence), !parts.isEmpty { outcomes += advance(at: revision) }
    }
    let others = (batch.count == 1 ? [] : batch) + singles
    let done = others.map(\.sequence).filter { happened.contains($0) }
    remove(Set(done))
    return outcomes + done.map { .written($0, [revision]) }
  }

  /// Goes on with the next part.
  private mutating func advance(at revision: Int64) -> [BackendQueues.Outcome] {
    parts = parts.dropFirst()
    written.append(revision)
    if lastProgress != nil { lastProgress = .now }
    guard parts.isEmpty else { return [] }
    defer { batch = [] }
    return batch.map { .written($0.sequence, written) }
  }
}
