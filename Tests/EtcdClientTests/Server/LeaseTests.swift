import EtcdClient
import Testing

extension EtcdServerTests {
  @Suite("leases")
  struct LeaseTests {
    private let etcds = EtcdServers()

    @Test("given a lease that is kept alive, then its key outlives it, and goes when it is revoked")
    func keptAlive() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let lease = try await client.grantLease(.seconds(2))
      let first = lease.validUntil
      let revision = try await client.put(bytes("k"), [], lease: lease.id)
      // Told twice that it is alive, it is past what it was granted for.
      while lease.validUntil < first + lease.timeToLive { try await Task.sleep(for: .milliseconds(20)) }
      #expect(try await client.get(bytes("k"))?.modRevision == revision)
      var watching = Watching(client.watch(.key(bytes("k"))))
      try await watching.readUntilConnected()
      try await lease.revoke()
      #expect(await lease.loss() == nil)
      try await watching.readEvents(1)
      #expect(watching.told == ["-k"])
      try await lease.revoke()
    }

    @Test("given a lease that somebody else revokes, then its loss is told")
    func revokedElsewhere() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let lease = try await client.grantLease(.seconds(2))
      try server.post("/v3/lease/revoke", "{\"ID\":\"\(lease.id)\"}")
      #expect(await lease.loss() == .leaseLost(lease.id))
      await #expect(throws: EtcdError.leaseLost(lease.id)) {
        try await client.transaction(Transaction(then: [.put(key: bytes("k"), value: [], lease: lease.id)]))
      }
    }

    @Test("given etcd that is away for longer than a lease lives, then its loss is told")
    func away() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let lease = try await client.grantLease(.seconds(2))
      try server.inject(.pause)
      guard case .unavailable = await lease.loss() else { throw TestFailure("not lost") }
      #expect(lease.validUntil <= .now)
    }

    @Test("given etcd that is away for less than a lease lives, then the lease goes on")
    func restarted() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      let lease = try await client.grantLease(.seconds(30))
      try await client.put(bytes("k"), [], lease: lease.id)
      try server.inject(.kill)
      try server.start()
      let pair = try await client.get(bytes("k"), within: .seconds(60))
      #expect(pair?.lease == lease.id)
    }

    @Test("given a lease that nobody refers to, then it is no longer kept alive and its key goes")
    func forgotten() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      var watching = Watching(client.watch(.key(bytes("k"))))
      try await watching.readUntilConnected()
      do {
        let lease = try await client.grantLease(.seconds(2))
        try await client.put(bytes("k"), [], lease: lease.id)
      }
      try await watching.readEvents(2)
      #expect(watching.told == ["k=", "-k"])
    }
  }
}
