import EtcdClient
import MetadataBackend

/// Changes of keys that belong together.
struct KeyChanges: Sendable {
  /// Counts up from one to the next.
  let sequence: UInt64
  /// The change set that it comes from; nil for what lets others see what the store has again.
  let number: UInt64?
  /// Whether it is given up when it takes too long.
  let isRefusable: Bool
  let since: ContinuousClock.Instant
  /// The steps, in the order in which others may see them; none where others' word counts.
  var operations: [Transaction.Operation]
  /// Objects and names that are changed. Two changes of one of them do not fit into one transaction.
  let places: Set<MetadataPlace>
  /// Keys besides those of the places that are changed.
  let signatures: Set<[UInt8]>
  /// Whether nothing else fits into the transaction: it deletes whole ranges, or depends on what others have done.
  var isAlone: Bool
  /// What must hold when it is written; else it is outdated.
  var conditions: [Transaction.Comparison] = []
  /// What is read when it is outdated.
  var reading: KeyRange?

  /// Bytes that a request with it takes, about.
  var bytes: Int { operations.reduce(0) { $0 + $1.bytes } }
}

extension Transaction.Operation {
  /// Bytes that it takes in a request, about.
  var bytes: Int {
    switch self {
    case .put(let key, let value, _): key.count + value.count + 32
    case .delete(let range), .range(let range, _, _): range.start.count + range.end.count + 32
    }
  }
}

/// What fits into one transaction.
struct TransactionRoom {
  /// Operations: etcd takes 128 by default.
  static let operations = 120
  /// Bytes: etcd takes 1.5 MiB by default.
  static let bytes = 1 << 20

  private var rest = (operations: Self.operations, bytes: Self.bytes)
  private var places: Set<MetadataPlace> = []
  private var signatures: Set<[UInt8]> = []
  private var isAlone = false
  private var isEmpty = true

  /// Takes changes in, or (false) leaves them for the next transaction.
  mutating func take(_ changes: KeyChanges) -> Bool {
    let bytes = changes.bytes
    if !isEmpty {
      guard !isAlone, !changes.isAlone, changes.operations.count <= rest.operations, bytes <= rest.bytes,
        places.isDisjoint(with: changes.places), signatures.isDisjoint(with: changes.signatures)
      else { return false }
    }
    isEmpty = false
    isAlone = changes.isAlone
    rest = (rest.operations - changes.operations.count, rest.bytes - bytes)
    places.formUnion(changes.places)
    signatures.formUnion(changes.signatures)
    return true
  }

  /// Cuts operations into pieces that fit.
  static func pieces(of operations: [Transaction.Operation]) -> [ArraySlice<Transaction.Operation>] {
    var pieces: [ArraySlice<Transaction.Operation>] = []
    var start = 0
    var bytes = 0
    for (index, operation) in operations.enumerated() {
      let size = operation.bytes
      if index > start, index - start == Self.operations || bytes + size > Self.bytes {
        pieces.append(operations[start..<index])
        (start, bytes) = (index, 0)
      }
      bytes += size
    }
    if start < operations.count { pieces.append(operations[start...]) }
    return pieces
  }
}
