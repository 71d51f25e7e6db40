import EtcdClient

/// The lock of etcd's lock service: of all keys below its name, the oldest has it.
struct EtcdLock {
  private let client: EtcdClient
  private let lease: EtcdLease
  private let key: [UInt8]

  /// Does something under a lock.
  ///
  /// - Throws: what `body` throws, and `EtcdError` when there is no getting the lock.
  static func hold<Output>(
    _ client: EtcdClient, _ name: [UInt8], _ body: () async throws(EtcdError) -> Output
  ) async throws(EtcdError) -> Output {
    let lock = try await EtcdLock(client, name)
    let output: Output
    do throws(EtcdError) {
      output = try await body()
    } catch {
      await lock.release()
      throw error
    }
    await lock.release()
    return output
  }

  /// Waits until it has the lock.
  private init(_ client: EtcdClient, _ name: [UInt8]) async throws(EtcdError) {
    self.client = client
    lease = try await client.grantLease(.seconds(15))
    key = name + Array("/\(String(lease.id, radix: 16))".utf8)
    let mine: Int64
    do throws(EtcdError) {
      mine = try await client.put(key, [], lease: lease.id)
      try await wait(for: name, mine)
    } catch {
      // Nobody is to wait for one who has given up.
      await release()
      throw error
    }
  }

  private func wait(for name: [UInt8], _ mine: Int64) async throws(EtcdError) {
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
  private func release() async { try? await lease.revoke() }
}
