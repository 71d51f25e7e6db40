import EtcdClient
import StoreCore

/// Makes a store known in etcd, as 0.24.2 does it.
struct Registration {
  let client: EtcdClient
  let layout: KeyLayout

  /// Takes the next instance id and writes down who has it.
  ///
  /// Under the lock of released daemons, which read and write without comparing; and by comparing, for those who take
  /// no lock.
  /// - Throws: `EtcdError`.
  func register(_ record: InstanceRecord) async throws(EtcdError) -> UInt64 {
    let lock = try await EtcdLock(client, layout.lock)
    let id: UInt64
    do throws(EtcdError) {
      id = try await takeID(record)
    } catch {
      await lock.release()
      throw error
    }
    await lock.release()
    return id
  }

  private func takeID(_ record: InstanceRecord) async throws(EtcdError) -> UInt64 {
    let key = layout.text(.nextInstance)
    while true {
      let pair = try await client.get(key)
      let id = pair.flatMap { JSONText.number($0.value) } ?? 0
      let writing = Transaction(
        if: [.isUnchanged(key, since: pair?.modRevision ?? 0)],
        then: [.put(key: key, value: JSONText.text(id + 1))] + Self.puts(record, of: id, layout))
      if try await client.transaction(writing).succeeded { return id }
    }
  }

  /// The record of an instance, field by field.
  static func puts(_ record: InstanceRecord, of id: UInt64, _ layout: KeyLayout) -> [Transaction.Operation] {
    [
      ("hostid", JSONText.text(record.hostID)), ("hostname", JSONText.text(record.hostname)),
      ("nodename", JSONText.text(record.nodename)), ("ipc_socket", JSONText.text(record.socketPath)),
      ("rpc_endpoint", JSONText.text(record.rpcEndpoint)), ("timestamp", JSONText.text(record.timestamp)),
    ].map { .put(key: layout.text(.instance(id, $0.0)), value: $0.1) }
  }
}

/// The lock of etcd's lock service: of all keys below its name, the oldest has it.
struct EtcdLock {
  private let client: EtcdClient
  private let lease: EtcdLease
  private let key: [UInt8]

  /// Waits until it has the lock.
  ///
  /// - Throws: `EtcdError`.
  init(_ client: EtcdClient, _ name: [UInt8]) async throws(EtcdError) {
    self.client = client
    lease = try await client.grantLease(.seconds(15))
    key = name + Array("/\(String(lease.id, radix: 16))".utf8)
    let mine = try await client.put(key, [], lease: lease.id)
    while true {
      let queue = try await client.range(.prefix(name + [UInt8(ascii: "/")]), keysOnly: true)
      guard queue.pairs.contains(where: { $0.key == key }) else { throw .leaseLost(lease.id) }
      guard
        let former = queue.pairs.filter({ $0.createRevision < mine }).max(by: { $0.createRevision < $1.createRevision })
      else { return }
      for try await update in client.watch(.key(former.key), from: queue.revision + 1) {
        if case .events = update { break }
      }
    }
  }

  /// Gives it up; a lock that cannot be given up now goes with its lease.
  func release() async { try? await lease.revoke() }
}
