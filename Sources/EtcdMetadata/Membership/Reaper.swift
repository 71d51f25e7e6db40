import Coordination
import EtcdClient
import StoreProtocol
import Support

/// Removes what a store had that is gone: its record, its objects with all that builds on them, and their names.
///
/// The caller has the lock of released daemons, which compare nothing. Every step compares, so that it does nothing once
/// the store is there again; the record goes first and leaves a tombstone, so that others can end what one has begun.
struct Reaper {
  /// Operations of a transaction.
  private static let operations = 100
  /// Bytes of keys in a transaction; etcd takes 1.5 MiB by default.
  private static let keyBytes = 512 << 10
  /// Between looks at what others change meanwhile.
  private static let contention = BackOff(first: .milliseconds(10), longest: .seconds(1))

  let client: EtcdClient
  let layout: KeyLayout
  let id: UInt64

  /// Removes a store that gives no sign of life.
  ///
  /// - Returns: the number of objects that went; nil when the store is there after all, or somebody else has done it.
  /// - Throws: `EtcdError`.
  func reap(_ absentee: PeerTable.Absentee) async throws(EtcdError) -> Int? {
    let timestamp = layout.text(.instance(id, "timestamp"))
    return try await reap(if: [
      .isUnchanged(layout.member(id), since: absentee.member), .isUnchanged(timestamp, since: absentee.timestamp),
      .isAbsent(layout.alive(id)),
    ])
  }

  /// Removes a store that will not come back, or that asks for it.
  ///
  /// - Parameter process: it is still the instance's.
  /// - Returns: the number of objects that went; nil when somebody else has done it.
  /// - Throws: `EtcdError`.
  func reap(process: MemberRecord) async throws(EtcdError) -> Int? {
    try await reap(if: [Transaction.Comparison(key: layout.member(id), .equal, .value(process.text))])
  }

  private func reap(if conditions: [Transaction.Comparison]) async throws(EtcdError) -> Int? {
    guard let revision = try await begin(if: conditions) else { return nil }
    return try await end(since: revision)
  }

  /// Removes the record of a process that leaves, so that others know at once; needs no lock.
  ///
  /// - Returns: the revision of the tombstone; nil when others have begun before.
  /// - Throws: `EtcdError`.
  func begin(process: MemberRecord) async throws(EtcdError) -> Int64? {
    try await begin(if: [Transaction.Comparison(key: layout.member(id), .equal, .value(process.text))])
  }

  private func begin(if conditions: [Transaction.Comparison]) async throws(EtcdError) -> Int64? {
    let beginning = try await write(
      Transaction(
        if: conditions,
        then: [
          .delete(.prefix(layout.instance(id))), .delete(.key(layout.alive(id))), .delete(.key(layout.marker(id))),
          .delete(.key(layout.text(.room(id)))),
          .put(key: layout.member(id), value: MemberRecord.tombstone.text),
        ]))
    return beginning.succeeded ? beginning.revision : nil
  }

  /// Removes the objects, then the tombstone.
  ///
  /// - Parameter revision: that of the tombstone.
  /// - Returns: the number of objects that went; nil when somebody else has done it, or the store is back.
  /// - Throws: `EtcdError`; whoever sees the tombstone goes on then.
  func end(since revision: Int64) async throws(EtcdError) -> Int? {
    let stays: [Transaction.Comparison] = [
      .isUnchanged(layout.member(id), since: revision), .isAbsent(layout.alive(id)),
      .isAbsent(layout.text(.instance(id, "timestamp"))),
    ]
    var count = 0
    var conflicts = 0
    // A name that was given to another object meanwhile has it looked at again.
    while let (found, isDone) = try await sweep(while: stays) {
      count += found
      guard isDone else {
        conflicts += 1
        do { try await Task.sleep(for: Self.contention.delay(after: conflicts)) } catch { throw .cancelled }
        continue
      }
      let end = Transaction(if: stays, then: [.delete(.key(layout.member(id)))])
      return try await write(end).succeeded ? count : nil
    }
    return nil
  }

  /// Removes the objects and names that are there now.
  ///
  /// - Returns: how many objects there were, and whether everything could be removed; nil when the store is back.
  private func sweep(while stays: [Transaction.Comparison]) async throws(EtcdError) -> (Int, isDone: Bool)? {
    var sessions: [UInt64: ObjectCensus] = [:]
    for try await page in client.pages(of: .prefix(layout.sessions)) {
      for pair in page.pairs {
        guard let (session, key) = layout.parse(pair.key) else { continue }
        sessions[session, default: ObjectCensus(of: id)].take(key, pair)
      }
    }
    var isDone = true
    var count = 0
    for (session, census) in sessions {
      let objects = census.objects
      count += objects.count
      let deletions = objects.flatMap { object -> [Transaction.Operation] in
        let key = layout.text(.object(object), session: session)
        return [.delete(.key(key)), .delete(.prefix(key + [UInt8(ascii: "/")]))]
      }
      let signatures = layout.signatures(of: id, session: session)
      guard try await write(deletions + [.delete(.prefix(signatures))], while: stays) else { return nil }
      var names = census.names(of: objects)[...]
      while !names.isEmpty {
        let some = Self.batch(of: names, atMost: Self.operations - stays.count)
        names = names.dropFirst(some.count)
        // Of a name that is too long to be there twice nothing is compared.
        let compared = some.filter { $0.key.count <= Self.keyBytes / 2 }
        let transaction = Transaction(
          if: stays + compared.map { .isUnchanged($0.key, since: $0.revision) },
          then: some.map { .delete(.key($0.key)) })
        if !(try await write(transaction).succeeded) { isDone = false }
      }
    }
    if try await !removeGrants(while: stays) { isDone = false }
    if !isDone {
      // Either a name was given to another object, or the store is back.
      guard try await write(Transaction(if: stays, then: [])).succeeded else { return nil }
    }
    return (count, isDone)
  }

  /// The first names that fit into a transaction with their keys twice, at least one.
  static func batch(
    of names: ArraySlice<(key: [UInt8], revision: Int64)>, atMost count: Int
  ) -> ArraySlice<(key: [UInt8], revision: Int64)> {
    var bytes = 0
    var end = names.startIndex
    for name in names.prefix(count) {
      bytes += 2 * name.key.count
      if end > names.startIndex, bytes > keyBytes { break }
      end += 1
    }
    return names[..<end]
  }

  /// Gives the store's parts in the quotas of volumes back to the others.
  ///
  /// - Returns: false when somebody changed one of them meanwhile, or the store is back.
  private func removeGrants(while stays: [Transaction.Comparison]) async throws(EtcdError) -> Bool {
    var isDone = true
    for try await page in client.pages(of: .prefix(layout.grants)) {
      for pair in page.pairs {
        guard var record = QuotaRecord(pair.value), record.remove(id) else { continue }
        let transaction = Transaction(
          if: stays + [.isUnchanged(pair.key, since: pair.modRevision)],
          then: [.put(key: pair.key, value: record.text)])
        if !(try await write(transaction).succeeded) { isDone = false }
      }
    }
    return isDone
  }

  private func write(_ operations: [Transaction.Operation], while stays: [Transaction.Comparison])
    async throws(EtcdError) -> Bool
  {
    var rest = operations[...]
    while !rest.isEmpty {
      guard try await write(Transaction(if: stays, then: Array(rest.prefix(Self.operations)))).succeeded else {
        return false
      }
      rest = rest.dropFirst(Self.operations)
    }
    return true
  }

  private func write(_ transaction: Transaction) async throws(EtcdError) -> Transaction.Result {
    try await client.transaction(transaction)
  }
}

extension KeyLayout {
  /// The signatures of what an instance has in a session.
  func signatures(of instance: UInt64, session: UInt64) -> [UInt8] {
    let key = text(.signature(instance: instance, 0), session: session)
    return Array(key.dropLast(17))
  }
}
