import EtcdClient
import Testing

extension EtcdServerTests {
  @Suite("users and certificates")
  struct AccessTests {
    private let etcds = EtcdServers()

    /// Turns authentication on, with a user who may do everything and one who may read `open/`.
    private static func demandUsers(_ server: EtcdServer) throws {
      try server.post("/v3/auth/user/add", #"{"name":"root","password":"secret"}"#)
      try server.post("/v3/auth/user/add", #"{"name":"reader","password":"seen"}"#)
      try server.post("/v3/auth/role/add", #"{"name":"root"}"#)
      try server.post("/v3/auth/role/add", #"{"name":"reading"}"#)
      // open/ up to open0, in base64.
      try server.post(
        "/v3/auth/role/grant",
        #"{"name":"reading","perm":{"permType":"READ","key":"b3Blbi8=","range_end":"b3BlbjA="}}"#)
      try server.post("/v3/auth/user/grant", #"{"user":"root","role":"root"}"#)
      try server.post("/v3/auth/user/grant", #"{"user":"reader","role":"reading"}"#)
      try server.post("/v3/auth/enable", "{}")
    }

    private static let root = EtcdCredentials(user: "root", password: "secret")

    @Test("given etcd that asks for users, then the right password opens it and others are told apart")
    func passwords() async throws {
      let server = try etcds.start()
      _ = try await server.client()
      try Self.demandUsers(server)
      let client = try await server.client(credentials: Self.root)
      try await client.put(bytes("open/a"), bytes("x"))
      for credentials in [nil, EtcdCredentials(user: "root", password: "wrong"), .init(user: "nobody", password: "")] {
        let error = await #expect(throws: EtcdError.self) { try await server.client(credentials: credentials) }
        guard case .denied = error else { throw TestFailure("\(String(describing: error))") }
      }
    }

    @Test("given a user who may only read, then changes and watches elsewhere are denied")
    func permissions() async throws {
      let server = try etcds.start()
      let root = try await server.client(credentials: Self.root)
      try await root.put(bytes("open/a"), bytes("x"))
      try Self.demandUsers(server)
      let client = EtcdClient(endpoints: [server.endpoint], credentials: .init(user: "reader", password: "seen"))
      #expect(try await client.get(bytes("open/a"), within: .seconds(30))?.value == bytes("x"))
      let denied = EtcdError.denied("etcdserver: permission denied")
      await #expect(throws: denied) { try await client.put(bytes("open/a"), [], within: .seconds(30)) }
      var elsewhere = Watching(client.watch(.prefix(bytes("closed/"))))
      let error = await #expect(throws: EtcdError.self) { try await elsewhere.read { _ in false } }
      guard case .denied = error else { throw TestFailure("\(String(describing: error))") }
      var watching = Watching(client.watch(.prefix(bytes("open/")), from: 1))
      try await watching.readEvents(1)
      // A client that was made before users were asked for gets its token when it needs one.
      try await root.put(bytes("open/b"), [])
      try await watching.readEvents(2)
    }

    @Test("given tokens that etcd forgets as it restarts, then calls and watches get new ones")
    func forgottenTokens() async throws {
      let server = try etcds.start()
      _ = try await server.client()
      try Self.demandUsers(server)
      let client = try await server.client(credentials: Self.root)
      var watching = Watching(client.watch(.prefix(bytes("k/"))))
      try await watching.readUntilConnected()
      try server.inject(.kill)
      try await watching.read { if case .interrupted = $0 { true } else { false } }
      try server.start()
      try await watching.readUntilConnected()
      try await client.put(bytes("k/1"), [], within: .seconds(60))
      try await watching.readEvents(1)
    }

    @Test("given tokens that run out, then a client gets a new one")
    func expiredTokens() async throws {
      let server = try etcds.start(["--auth-token-ttl", "1"])
      _ = try await server.client()
      try Self.demandUsers(server)
      let client = try await server.client(credentials: Self.root)
      // Etcd looks for tokens that have run out every second; a try in between would extend it.
      try await Task.sleep(for: .seconds(3))
      try await client.put(bytes("k"), [])
    }

    @Test("given etcd that demands certificates, then a client with one of its authority comes in")
    func certificates() async throws {
      let certificates = try TestCertificates()
      let server = try etcds.start(certificates: certificates)
      let client = try await server.client(tls: certificates.client)
      try await client.put(bytes("k"), bytes("x"))
      let byName = EtcdClient(
        endpoints: [EtcdEndpoint(host: "localhost", port: server.endpoint.port, isSecure: true)],
        tls: certificates.client)
      #expect(try await byName.get(bytes("k"), within: .seconds(30))?.value == bytes("x"))
      var watching = Watching(client.watch(.prefix([]), from: 1))
      try await watching.readEvents(1)
    }

    @Test("given no certificate, or a server of another authority, then there is no connection")
    func strangers() async throws {
      let certificates = try TestCertificates()
      let other = try TestCertificates()
      let server = try etcds.start(certificates: certificates)
      _ = try await server.client(tls: certificates.client)
      let anonymous = EtcdTLS(authorities: certificates.client.authorities)
      let mistrusting = EtcdTLS(authorities: other.client.authorities, identity: certificates.client.identity)
      for tls in [anonymous, mistrusting, other.client, EtcdTLS()] {
        var timing = EtcdTiming()
        timing.call = .milliseconds(500)
        let client = EtcdClient(endpoints: [server.endpoint], tls: tls, timing: timing)
        let error = await #expect(throws: EtcdError.self) { try await client.get(bytes("k")) }
        guard case .unavailable = error else { throw TestFailure("\(String(describing: error))") }
      }
      let missing = EtcdClient(endpoints: [server.endpoint], tls: EtcdTLS(authorities: "/nowhere/ca.crt"))
      let error = await #expect(throws: EtcdError.self) { try await missing.get(bytes("k")) }
      guard case .badCertificate = error else { throw TestFailure("\(String(describing: error))") }
    }

    @Test("given certificates that are rotated, then the next connection has the new ones")
    func rotation() async throws {
      let certificates = try TestCertificates()
      let server = try etcds.start(certificates: certificates)
      let client = try await server.client(tls: certificates.client)
      try await client.put(bytes("k"), bytes("x"))
      try certificates.issue()
      try server.inject(.kill)
      try server.start()
      #expect(try await client.get(bytes("k"), within: .seconds(60))?.value == bytes("x"))
    }
  }
}
