import EtcdClient

/// An etcd in memory, as strict as a genuine one with its default limits.
struct FakeEtcd {
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  private(set) var revision: Int64 = 1
  private(set) var pairs: [[UInt8]: KeyValue] = [:]
  /// What happened at each revision from 2 on.
  private(set) var history: [[WatchEvent]] = []

  /// Carries out a transaction whose comparisons are about revisions.
  ///
  /// - Returns: whether they held, and what its ranges found.
  mutating func apply(_ transaction: Transaction) throws -> (succeeded: Bool, found: [[KeyValue]]) {
    let succeeded = try transaction.comparisons.allSatisfy { comparison in
      switch (comparison.relation, comparison.target) {
      case (.equal, .modRevision(let revision)): pairs[comparison.key]?.modRevision ?? 0 == revision
      case (.equal, .createRevision(let revision)): pairs[comparison.key]?.createRevision ?? 0 == revision
      default: throw Refusal(description: "no such comparison here: \(comparison)")
      }
    }
    let operations = succeeded ? transaction.success : transaction.failure
    _ = try write(operations)
    let found = operations.compactMap { operation -> [KeyValue]? in
      guard case .range(let range, _, _) = operation else { return nil }
      return contents.filter { range.contains($0.key) }
    }
    return (succeeded, found)
  }

  /// Carries out the changes of a transaction.
  ///
  /// - Returns: its revision.
  mutating func write(_ operations: [Transaction.Operation]) throws -> Int64 {
    try check(operations)
    let next = revision + 1
    var events: [WatchEvent] = []
    for operation in operations {
      switch operation {
      case .put(let key, let value, _):
        let former = pairs[key]
        let pair = KeyValue(
          key: key, value: value, createRevision: former?.createRevision ?? next, modRevision: next,
          version: (former?.version ?? 0) + 1)
        pairs[key] = pair
        events.append(.put(pair))
      case .delete(let range):
        for key in pairs.keys.filter({ range.contains($0) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
          pairs[key] = nil
          events.append(.delete(key: key, revision: next))
        }
      case .range: break
      }
    }
    guard !events.isEmpty else { return revision }
    revision = next
    history.append(events)
    return revision
  }

  private func check(_ operations: [Transaction.Operation]) throws {
    guard operations.count <= 128 else { throw Refusal(description: "too many operations in txn request") }
    guard operations.reduce(0, { $0 + $1.size }) <= 3 << 19 else { throw Refusal(description: "request is too large") }
    var put: Set<[UInt8]> = []
    for case .put(let key, _, _) in operations where !put.insert(key).inserted {
      throw Refusal(description: "duplicate key given in txn request: \(String(decoding: key, as: UTF8.self))")
    }
    for case .delete(let range) in operations where put.contains(where: { range.contains($0) }) {
      throw Refusal(description: "duplicate key given in txn request, put and deleted")
    }
  }

  /// What happened from a revision on.
  func events(from first: Int64) -> ArraySlice<[WatchEvent]> { history.dropFirst(Int(first - 2)) }

  /// Everything, in the order of the keys.
  var contents: [KeyValue] { pairs.values.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
}

extension Transaction.Operation {
  fileprivate var size: Int {
    switch self {
    case .put(let key, let value, _): key.count + value.count
    case .delete(let range), .range(let range, _, _): range.start.count + range.end.count
    }
  }
}

extension KeyRange {
  func contains(_ key: [UInt8]) -> Bool {
    if end.isEmpty { return key == start }
    return !key.lexicographicallyPrecedes(start) && key.lexicographicallyPrecedes(end)
  }
}
