import EtcdClient
import Logging
import StoreProtocol
import Support

/// Writes change sets in their order, several at a time.
struct ChangeWriter {
  /// Operations of a transaction: etcd takes 128.
  static let operations = 120
  /// Bytes of a transaction: etcd takes 1.5 MiB.
  static let bytes = 1 << 20
  /// How long etcd may be away until a change is refused.
  static let patience: Duration = .seconds(10)

  let client: EtcdClient
  let queues: BackendQueues
  let log: Logger

  func run() async {
    for await _ in queues.signals {
      while case let batch = queues.nextBatch(), !batch.isEmpty { await write(batch) }
    }
  }

  private func write(_ batch: [KeyChanges]) async {
    do throws(EtcdError) {
      let revision = try await write(batch.flatMap(\.operations))
      queues.report(batch.map { .written($0.number, revision: revision) })
    } catch {
      // One of them may be what etcd does not take.
      if batch.count > 1, !error.mayPass {
        for changes in batch { await write([changes]) }
        return
      }
      log.warning("changes are refused: \(error)")
      queues.report(batch.map { .refused($0.number, StoreError(.ioError, "the metadata cannot be written: \(error)")) })
    }
  }

  /// - Returns: the revision of the change.
  private func write(_ operations: [Transaction.Operation]) async throws(EtcdError) -> Int64 {
    let deadline = ContinuousClock.now + Self.patience
    var revision: Int64 = 0
    var rest = operations[...]
    while !rest.isEmpty {
      do throws(EtcdError) {
        // Putting or deleting the same again changes nothing, so that a lost answer does no harm.
        revision = try await client.transaction(Transaction(then: Array(rest.prefix(Self.operations)))).revision
        rest = rest.dropFirst(Self.operations)
      } catch {
        guard error.mayPass, .now < deadline else { throw error }
      }
    }
    return revision
  }
}

extension EtcdError {
  /// Whether the same may succeed in a moment.
  var mayPass: Bool {
    switch self {
    case .unavailable, .unknownOutcome: true
    default: false
    }
  }
}
