import EtcdClient
import Logging
import StoreCore
import Support

/// Makes a store known in etcd: in the keys of 0.24.2, and with its process and lease in those of ours.
///
/// Under the lock of released daemons, which read and write without comparing; and by comparing, for those who take no
/// lock.
struct Registration {
  let client: EtcdClient
  let layout: KeyLayout
  let record: InstanceRecord
  let member: MemberRecord
  let log: Logger

  /// What has become of the place of a store among others.
  enum Return: Equatable {
    /// Nobody has noticed its absence.
    case kept
    /// What it had was removed, or etcd has lost its data. It has its id again, since a revision.
    case registered(revision: Int64)
    /// Its id is somebody else's by now, who is described.
    case taken(String)
  }

  // MARK: - For the first time

  /// Takes the next instance id. What an earlier process at the same place has left is removed.
  ///
  /// - Throws: `EtcdError`.
  func register(_ lease: EtcdLease) async throws(EtcdError) -> UInt64 {
    try await EtcdLock.hold(client, layout.lock) { () async throws(EtcdError) in
      for pair in try await client.range(.prefix(layout.members)).pairs {
        guard case .member(let id)? = layout.parseCluster(pair.key), let other = MemberRecord(pair.value) else {
          continue
        }
        // An answer that was lost.
        if other == member, case .kept = try await restore(id, lease) { return id }
        guard other.place == member.place, !other.isTombstone else { continue }
        if let count = try await Reaper(client: client, layout: layout, id: id).reap(process: other) {
          log.info("instance \(id) was here before: its record and \(count) objects are removed")
        }
      }
      return try await takeID(lease)
    }
  }

  private func takeID(_ lease: EtcdLease) async throws(EtcdError) -> UInt64 {
    let key = layout.text(.nextInstance)
    while true {
      let pair = try await client.get(key)
      let id = pair.flatMap { JSONText.number($0.value) } ?? 0
      let writing = Transaction(
        if: [.isUnchanged(key, since: pair?.modRevision ?? 0), .isAbsent(layout.member(id))],
        then: [.put(key: key, value: JSONText.text(id + 1))] + puts(id, lease))
      if try await client.transaction(writing).succeeded { return id }
      // Somebody has it, whom an etcd that lost its data knows again.
      guard try await client.get(layout.member(id)) != nil else { continue }
      _ = try await client.transaction(raising(key, pair, above: id, then: []))
    }
  }

  // MARK: - Again

  /// Takes the same id again with a new lease, after an absence.
  ///
  /// - Parameter willRegister: called before others are told of the store anew.
  /// - Throws: `EtcdError`.
  func `return`(as id: UInt64, _ lease: EtcdLease, willRegister: @Sendable () -> Void) async throws(EtcdError) -> Return
  {
    if case .kept = try await restore(id, lease) { return .kept }
    return try await EtcdLock.hold(client, layout.lock) { () async throws(EtcdError) in
      while true {
        let found = try await client.get(layout.member(id))
        let other = found.flatMap { MemberRecord($0.value) }
        if let other, !other.isTombstone, other.process != member.process { return .taken("a store at \(other.place)") }
        let endpoint = try await client.get(layout.text(.instance(id, "rpc_endpoint")))
        if found == nil, let endpoint, JSONText.string(endpoint.value) != record.rpcEndpoint {
          return .taken("a store at \(JSONText.string(endpoint.value) ?? "?")")
        }
        let key = layout.text(.nextInstance)
        let next = try await client.get(key)
        willRegister()
        let writing = raising(
          key, next, above: id, and: [.isUnchanged(layout.member(id), since: found?.modRevision ?? 0)],
          then: puts(id, lease))
        let result = try await client.transaction(writing)
        if result.succeeded { return .registered(revision: result.revision) }
      }
    }
  }

  /// Gives a store that is still registered its new lease.
  private func restore(_ id: UInt64, _ lease: EtcdLease) async throws(EtcdError) -> Return? {
    let result = try await client.transaction(
      Transaction(
        if: [
          .init(key: layout.member(id), .equal, .value(member.text)),
          .exists(layout.text(.instance(id, Standing.mark))),
        ], then: [.put(key: layout.alive(id), value: Array(member.process.utf8), lease: lease.id)]))
    return result.succeeded ? .kept : nil
  }

  // MARK: - What is written

  /// Raises the next id above one that is in use, and writes more together with that.
  private func raising(
    _ key: [UInt8], _ next: KeyValue?, above id: UInt64, and conditions: [Transaction.Comparison] = [],
    then operations: [Transaction.Operation]
  ) -> Transaction {
    let value = max(next.flatMap { JSONText.number($0.value) } ?? 0, id + 1)
    return Transaction(
      if: [.isUnchanged(key, since: next?.modRevision ?? 0)] + conditions,
      then: [.put(key: key, value: JSONText.text(value))] + operations)
  }

  /// The record of an instance, field by field, and its process with its lease.
  private func puts(_ id: UInt64, _ lease: EtcdLease) -> [Transaction.Operation] {
    let fields = [
      (Standing.mark, JSONText.text(record.hostID)), ("hostname", JSONText.text(record.hostname)),
      ("nodename", JSONText.text(record.nodename)), ("ipc_socket", JSONText.text(record.socketPath)),
      ("rpc_endpoint", JSONText.text(record.rpcEndpoint)), ("timestamp", JSONText.text(Self.timestamp())),
    ]
    return fields.map { .put(key: layout.text(.instance(id, $0.0)), value: $0.1) } + [
      .put(key: layout.member(id), value: member.text),
      .put(key: layout.alive(id), value: Array(member.process.utf8), lease: lease.id),
    ]
  }

  /// The time as released daemons write it: seconds in the upper, microseconds in the lower 32 bits.
  static func timestamp() -> UInt64 {
    let (seconds, milliseconds) = Timestamp.now().milliseconds.quotientAndRemainder(dividingBy: 1000)
    return UInt64(max(0, seconds)) << 32 | UInt64(max(0, milliseconds)) * 1000
  }
}
