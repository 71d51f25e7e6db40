import EtcdClient
import StoreProtocol

@testable import EtcdMetadata

/// Way of changes from a store to etcd, as ``ChangeWriter`` makes them, one event at a time: a request arrives or is lost,
/// its answer arrives or is lost, and after a failure the changes are tried again or given up.
struct SimulatedWriter {
  /// What is on its way.
  enum Message {
    case request(Transaction)
    /// The answer; nil when etcd does not take it.
    case answer(ModelEtcd.Reply?)
  }

  private var progress: WriteProgress
  private(set) var message: Message?
  /// Requests that were lost, and may arrive later.
  private var delayed: [Transaction] = []

  init(marker: [UInt8]) { progress = WriteProgress(marker: marker) }

  var batch: [KeyChanges] { progress.batch }

  /// Whether a request is on its way.
  var isSending: Bool { if case .request? = message { true } else { false } }

  /// Begins with what is to be written next.
  ///
  /// - Returns: false when there is nothing.
  mutating func begin(_ queues: BackendQueues) -> Bool {
    message = progress.next(queues).map { .request($0) }
    return message != nil
  }

  /// The request arrives.
  mutating func arrive(at etcd: inout ModelEtcd) {
    guard case .request(let transaction)? = message else { return }
    message = .answer(try? etcd.apply(transaction))
  }

  /// A request arrives that was lost.
  ///
  /// - Returns: false when there is none.
  mutating func arriveLate(at etcd: inout ModelEtcd) -> Bool {
    guard let transaction = delayed.popLast() else { return false }
    _ = try? etcd.apply(transaction)
    return true
  }

  /// The answer arrives.
  mutating func finish(_ reply: ModelEtcd.Reply?, _ queues: BackendQueues) {
    message = nil
    guard let reply else {
      progress.fail(mayHaveHappened: false)
      return progress.refuse(queues, StoreError(.ioError, "etcd does not take it"))
    }
    progress.take(succeeded: reply.succeeded, at: reply.revision, reply.found, queues)
  }

  /// Request or answer is lost; the changes are tried again, or given up if clients have waited for too long.
  mutating func lose(_ queues: BackendQueues, isLate: Bool) {
    if case .request(let transaction)? = message { delayed.append(transaction) }
    message = nil
    progress.fail(mayHaveHappened: true)
    let limit = isLate ? ContinuousClock.now : .now - .seconds(86_400)
    progress.expire(queues, since: limit, StoreError(.ioError, "etcd is away"))
  }
}
