import EtcdClient
import JSON

/// Keys of quotas, and how their records are changed.
extension KeyLayout {
  /// The records of the quotas of all volumes.
  var grants: [UInt8] { cluster + Array("grants/".utf8) }

  /// The record of a volume's quota. A volume that was deleted and made again has another session.
  func grants(of volume: String, session: UInt64) -> [UInt8] {
    grants + Array("\(volume)/\(HexText.string(prefix: UInt8(ascii: "S"), session))".utf8)
  }
}

extension QuotaShare.Action {
  /// - Parameter conditions: what must hold besides.
  func transaction(on key: [UInt8], if conditions: [Transaction.Comparison]) -> Transaction {
    let reading = Transaction.Operation.range(.key(key))
    switch self {
    case .read: return Transaction(then: [reading])
    case .write(let record, let base):
      return Transaction(
        if: conditions + [.isUnchanged(key, since: base)], then: [.put(key: key, value: record.text)], else: [reading])
    }
  }

  /// What a transaction has come to.
  ///
  /// - Parameter found: the record, where it was read.
  func outcome(succeeded: Bool, revision: Int64, found: KeyValue?) -> QuotaShare.Outcome {
    if case .write = self, succeeded { return .written(revision: revision) }
    return .found(found.flatMap { QuotaRecord($0.value) }, found?.modRevision ?? 0, at: revision)
  }
}
