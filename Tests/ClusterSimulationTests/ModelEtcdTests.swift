import EtcdClient
import Testing

/// What the model of etcd takes and refuses is what the genuine one does (its API documentation, and tests against it in
/// `EtcdClientTests`).
@Suite("model of etcd")
struct ModelEtcdTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test("given changes of a key, then it counts versions from its creation, and revisions are those of the cluster")
  func versions() throws {
    var etcd = ModelEtcd()
    for value in ["1", "2"] { _ = try etcd.apply(Transaction(then: [.put(key: bytes("a"), value: bytes(value))])) }
    _ = try etcd.apply(Transaction(then: [.put(key: bytes("b"), value: [])]))
    let pair = try #require(etcd.read(.key(bytes("a"))).first)
    #expect([pair.createRevision, pair.modRevision, pair.version, etcd.revision] == [2, 3, 2, 4])
    _ = try etcd.apply(Transaction(then: [.delete(.key(bytes("a")))]))
    _ = try etcd.apply(Transaction(then: [.put(key: bytes("a"), value: [])]))
    #expect(etcd.read(.key(bytes("a"))).first?.version == 1)
  }

  @Test("given a comparison that does not hold, then the other branch is taken, and reading changes nothing")
  func comparison() throws {
    var etcd = ModelEtcd()
    let creation = Transaction(
      if: [.isAbsent(bytes("a"))], then: [.put(key: bytes("a"), value: [])], else: [.range(.prefix([]))])
    #expect(try etcd.apply(creation).succeeded)
    let reply = try etcd.apply(creation)
    #expect(!reply.succeeded && reply.found.first?.count == 1 && reply.revision == 2)
  }

  @Test("[Error] a key that is put twice, or put and deleted, in one transaction; too many operations; too many bytes")
  func refusals() {
    var etcd = ModelEtcd()
    let put = Transaction.Operation.put(key: bytes("a"), value: [])
    for operations in [[put, put], [put, .delete(.prefix(bytes("a")))]] {
      #expect(throws: EtcdError.refused("duplicate key given in txn request")) {
        try etcd.apply(Transaction(then: operations))
      }
    }
    #expect(throws: EtcdError.refused("too many operations in txn request")) {
      try etcd.apply(Transaction(then: (0..<129).map { .put(key: [UInt8($0)], value: []) }))
    }
    #expect(throws: EtcdError.tooLarge("request is too large")) {
      try etcd.apply(Transaction(then: [.put(key: bytes("a"), value: [UInt8](repeating: 0, count: 2 << 20))]))
    }
    #expect(etcd.revision == 1)
  }

  @Test("given a compaction, then what happened before it cannot be watched any more")
  func compaction() throws {
    var etcd = ModelEtcd()
    for value in ["1", "2", "3"] { _ = try etcd.apply(Transaction(then: [.put(key: bytes("a"), value: bytes(value))])) }
    #expect(try etcd.events(after: 1, in: .prefix([])).map(\.revision) == [2, 3, 4])
    etcd.compact(before: 3)
    #expect(try etcd.events(after: 2, in: .prefix([])).map(\.revision) == [3, 4])
    #expect(throws: EtcdError.compacted(3)) { try etcd.events(after: 1, in: .prefix([])) }
  }

  @Test("given a lease without a sign of life, when its time is over, then its keys go together")
  func leases() throws {
    var etcd = ModelEtcd()
    let lease = etcd.grantLease(2)
    let keys = [bytes("a"), bytes("b")]
    _ = try etcd.apply(Transaction(then: keys.map { .put(key: $0, value: [], lease: lease) }))
    etcd.pass(1)
    try etcd.keepLease(lease, 2)
    etcd.pass(1)
    #expect(etcd.revision == 2)
    etcd.pass(1)
    #expect(etcd.read(.prefix([])).isEmpty && etcd.revision == 3)
    #expect(throws: EtcdError.leaseLost(lease)) { try etcd.keepLease(lease, 2) }
    #expect(throws: EtcdError.leaseLost(lease)) {
      try etcd.apply(Transaction(then: [.put(key: bytes("c"), value: [], lease: lease)]))
    }
  }
}
