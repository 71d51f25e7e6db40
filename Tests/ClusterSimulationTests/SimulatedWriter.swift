import EtcdClient
import StoreProtocol

@testable import EtcdMetadata

/// Way of changes from a store to etcd, as ``ChangeWriter`` makes them, one event at a time: a request arrives or is lost,
/// its answer arrives or is lost, and after a failure the changes are tried again or given up.
struct SimulatedWriter {
  /// What is on its way.
  enum Message {
    case request
    /// The revision of what was written; nil when etcd does not take it.
    case answer(revision: Int64?)
  }

  private(set) var batch: [KeyChanges] = []
  /// Steps of the batch that are not written yet: several for one that is too large for a transaction.
  private var pieces: [ArraySlice<Transaction.Operation>] = []
  private(set) var message: Message?
  /// Changes to be written one by one, since one of them was not taken.
  private var rest: [KeyChanges] = []
  private var hasProgress = false

  var isIdle: Bool { batch.isEmpty && rest.isEmpty }

  /// Whether a request is on its way.
  var isSending: Bool { if case .request? = message { true } else { false } }

  /// Begins with what is to be written next.
  ///
  /// - Returns: false when there is nothing.
  mutating func begin(_ queues: BackendQueues) -> Bool {
    batch = rest.isEmpty ? queues.nextBatch() : [rest.removeFirst()]
    if batch.isEmpty { return false }
    hasProgress = false
    cut()
    message = .request
    return true
  }

  private mutating func cut() {
    let operations = batch.flatMap(\.operations)
    pieces = TransactionRoom.pieces(of: operations)
    if batch.count > 1 { pieces = [operations[...]] }
  }

  /// The request arrives.
  mutating func arrive(at etcd: inout ModelEtcd) {
    guard let piece = pieces.first else { return }
    message = .answer(revision: try? etcd.apply(Transaction(then: Array(piece))).revision)
  }

  /// The answer arrives.
  mutating func finish(_ revision: Int64?, _ queues: BackendQueues) {
    message = nil
    guard let revision else {
      if batch.count > 1 {
        rest = batch
      } else {
        queues.report(batch.map { .refused($0.sequence, StoreError(.ioError, "etcd does not take it")) })
      }
      batch = []
      return
    }
    pieces.removeFirst()
    hasProgress = true
    if pieces.isEmpty {
      queues.report(batch.map { .written($0.sequence, revision: revision) })
      batch = []
    } else {
      message = .request
    }
  }

  /// Request or answer is lost; the changes are tried again, or given up if clients have waited for too long.
  mutating func lose(_ queues: BackendQueues, isLate: Bool) {
    let limit = isLate ? ContinuousClock.now : .now - .seconds(86_400)
    let count = batch.count
    batch = queues.expire(
      batch, progress: hasProgress && !isLate, since: limit, StoreError(.ioError, "etcd is away"))
    if batch.isEmpty {
      message = nil
      return
    }
    if batch.count < count { cut() }
    message = .request
  }
}
