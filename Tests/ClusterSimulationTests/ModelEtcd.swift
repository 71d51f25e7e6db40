import EtcdClient

/// An etcd in memory that takes and refuses what the genuine one does: revisions, transactions with comparisons, leases,
/// a history that watches follow, compaction. Pure: time passes when it is told.
struct ModelEtcd {
  /// What became of a transaction.
  struct Reply {
    /// Whether all comparisons held.
    var succeeded: Bool
    var revision: Int64
    /// What each of its ranges found.
    var found: [[KeyValue]]
  }

  /// Operations of a transaction (`--max-txn-ops`).
  static let operations = 128
  /// Bytes of a request (`--max-request-bytes`).
  static let bytes = 3 << 19

  private(set) var revision: Int64 = 1
  private var pairs: [[UInt8]: KeyValue] = [:]
  private var history: [(revision: Int64, events: [WatchEvent])] = []
  /// The oldest revision that a watch may begin at.
  private(set) var compacted: Int64 = 0
  /// Time that leases have left.
  private var leases: [Int64: Int] = [:]
  private var lastLease: Int64 = 0

  // MARK: - Reading

  /// The pairs of a range, in the order of their keys.
  func read(_ range: KeyRange) -> [KeyValue] {
    if range.end.isEmpty { return pairs[range.start].map { [$0] } ?? [] }
    return pairs.values.filter { range.contains($0.key) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
  }

  /// All that happened to keys of a range after a revision, one element for each revision.
  ///
  /// - Throws: `EtcdError.compacted`.
  func events(
    after revision: Int64, in range: KeyRange
  ) throws(EtcdError) -> [(revision: Int64, events: [WatchEvent])] {
    if revision + 1 < compacted { throw .compacted(compacted) }
    return history.lazy.filter { $0.revision > revision }.compactMap { entry in
      let events = entry.events.filter { range.contains($0.key) }
      return events.isEmpty ? nil : (entry.revision, events)
    }
  }

  // MARK: - Writing

  /// Makes a transaction as a whole or not at all.
  ///
  /// - Throws: `EtcdError.refused`, `tooLarge` or `leaseLost`; then nothing has changed.
  mutating func apply(_ transaction: Transaction) throws(EtcdError) -> Reply {
    for branch in [transaction.success, transaction.failure] { try check(branch) }
    let succeeded = transaction.comparisons.allSatisfy(holds)
    let operations = succeeded ? transaction.success : transaction.failure
    for case .put(_, _, let lease) in operations where lease != 0 && leases[lease] == nil { throw .leaseLost(lease) }
    var events: [WatchEvent] = []
    var found: [[KeyValue]] = []
    for operation in operations {
      switch operation {
      case .put(let key, let value, let lease): events.append(.put(put(key, value, lease: lease)))
      case .delete(let range): events += delete(range)
      case .range(let range, let limit, let keysOnly):
        var pairs = read(range)
        if limit > 0 { pairs = Array(pairs.prefix(limit)) }
        if keysOnly { for index in pairs.indices { pairs[index].value = [] } }
        found.append(pairs)
      }
    }
    record(events)
    return Reply(succeeded: succeeded, revision: revision, found: found)
  }

  private func check(_ operations: [Transaction.Operation]) throws(EtcdError) {
    if operations.count > Self.operations { throw .refused("too many operations in txn request") }
    var (puts, deletions, bytes): (Set<[UInt8]>, [KeyRange], Int) = ([], [], 0)
    for operation in operations {
      switch operation {
      case .put(let key, let value, _):
        bytes += key.count + value.count
        if key.isEmpty { throw .refused("key is not provided") }
        if !puts.insert(key).inserted { throw .refused("duplicate key given in txn request") }
      case .delete(let range): deletions.append(range)
      case .range: break
      }
    }
    if bytes > Self.bytes { throw .tooLarge("request is too large") }
    for key in puts where deletions.contains(where: { $0.contains(key) }) {
      throw .refused("duplicate key given in txn request")
    }
  }

  private func holds(_ comparison: Transaction.Comparison) -> Bool {
    let pair = pairs[comparison.key]
    func compare<Value: Comparable>(_ found: Value, _ wanted: Value) -> Bool {
      switch comparison.relation {
      case .equal: found == wanted
      case .notEqual: found != wanted
      case .greater: found > wanted
      case .less: found < wanted
      }
    }
    switch comparison.target {
    case .version(let wanted): return compare(pair?.version ?? 0, wanted)
    case .createRevision(let wanted): return compare(pair?.createRevision ?? 0, wanted)
    case .modRevision(let wanted): return compare(pair?.modRevision ?? 0, wanted)
    case .lease(let wanted): return compare(pair?.lease ?? 0, wanted)
    // A key that is not there has no value, not an empty one.
    case .value(let wanted):
      return pair.map { compare(String(decoding: $0.value, as: UTF8.self), .init(decoding: wanted, as: UTF8.self)) }
        ?? false
    }
  }

  private mutating func put(_ key: [UInt8], _ value: [UInt8], lease: Int64) -> KeyValue {
    let former = pairs[key]
    let pair = KeyValue(
      key: key, value: value, createRevision: former?.createRevision ?? revision + 1, modRevision: revision + 1,
      version: (former?.version ?? 0) + 1, lease: lease)
    pairs[key] = pair
    return pair
  }

  private mutating func delete(_ range: KeyRange) -> [WatchEvent] {
    read(range).map { pair in
      pairs[pair.key] = nil
      return .delete(key: pair.key, revision: revision + 1)
    }
  }

  private mutating func record(_ events: [WatchEvent]) {
    if events.isEmpty { return }
    revision += 1
    history.append((revision, events))
  }

  /// Forgets what happened before a revision.
  mutating func compact(before revision: Int64) {
    compacted = max(compacted, min(revision, self.revision))
    history.removeAll { $0.revision < compacted }
  }

  // MARK: - Leases

  /// - Returns: the id of a lease that runs out after a time without a sign of life.
  mutating func grantLease(_ time: Int) -> Int64 {
    lastLease += 1
    leases[lastLease] = time
    return lastLease
  }

  /// - Throws: `EtcdError.leaseLost`.
  mutating func keepLease(_ id: Int64, _ time: Int) throws(EtcdError) {
    guard leases[id] != nil else { throw .leaseLost(id) }
    leases[id] = time
  }

  /// Ends leases whose time has run out, and deletes their keys.
  mutating func pass(_ time: Int) {
    for (id, rest) in leases.sorted(by: { $0.key < $1.key }) {
      leases[id] = rest - time
      if rest > time { continue }
      leases[id] = nil
      let keys = pairs.values.filter { $0.lease == id }.map(\.key).sorted { $0.lexicographicallyPrecedes($1) }
      record(keys.flatMap { delete(.key($0)) })
    }
  }
}

extension KeyRange {
  /// Whether a key is in the range.
  func contains(_ key: [UInt8]) -> Bool {
    if end.isEmpty { return key == start }
    return !key.lexicographicallyPrecedes(start) && (end == [0] || key.lexicographicallyPrecedes(end))
  }
}
