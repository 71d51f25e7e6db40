import EtcdClient
import Glibc
import Support
import Synchronization
import Testing

extension EtcdServerTests {
  @Suite("fail-over")
  struct FailoverTests {
    private let etcds = EtcdServers()

    private static func timing(_ call: Duration, attempt: Duration = .seconds(2)) -> EtcdTiming {
      var timing = EtcdTiming()
      timing.call = call
      timing.attempt = attempt
      return timing
    }

    @Test("given endpoints where nobody listens, then calls go to the one that is there")
    func deadEndpoints() async throws {
      let server = try etcds.start()
      _ = try await server.client()
      let dead = EtcdEndpoint(host: "127.0.0.1", port: try EtcdServer.freePort())
      for _ in 0..<6 {
        let client = EtcdClient(
          endpoints: [dead, EtcdEndpoint(host: "no-such-host.invalid"), server.endpoint],
          timing: Self.timing(.seconds(30)))
        try await client.put(bytes("a"), [])
        await client.close()
      }
    }

    @Test("given no etcd at all, then reads and changes fail in time and certainly did not happen")
    func nobody() async throws {
      let dead = EtcdEndpoint(host: "127.0.0.1", port: try EtcdServer.freePort())
      let client = EtcdClient(endpoints: [dead], timing: Self.timing(.milliseconds(300)))
      let read = await #expect(throws: EtcdError.self) { try await client.get(bytes("a")) }
      let write = await #expect(throws: EtcdError.self) { try await client.put(bytes("a"), []) }
      for case let error? in [read, write] {
        guard case .unavailable(let reason) = error else { throw TestFailure("\(error)") }
        #expect(reason.contains(dead.description))
      }
    }

    @Test("given a server that hangs, then a read goes to the next and a change has an unknown outcome")
    func hanging() async throws {
      let (server, other) = (try etcds.start(), try etcds.start())
      _ = try await other.client()
      let client = try await server.client {
        $0.call = .seconds(1)
        $0.attempt = .milliseconds(300)
      }
      try server.inject(.pause)
      let error = await #expect(throws: EtcdError.self) { try await client.put(bytes("a"), []) }
      guard case .unknownOutcome = error else { throw TestFailure("\(String(describing: error))") }
      let both = EtcdClient(
        endpoints: [server.endpoint, other.endpoint], timing: Self.timing(.seconds(30), attempt: .milliseconds(300)))
      for _ in 0..<4 { _ = try await both.get(bytes("a")) }
      try server.inject(.resume)
      #expect(try await client.get(bytes("b"), within: .seconds(30)) == nil)
    }

    @Test("given etcd that dies and comes back, then reads go on where it was")
    func restart() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      try await client.put(bytes("a"), bytes("kept"))
      try server.inject(.kill)
      let waiting = Task { try await client.get(bytes("a"), within: .seconds(60)) }
      try server.start()
      #expect(try await waiting.value?.value == bytes("kept"))
    }

    @Test("given a caller that is cancelled, then its call ends at once")
    func cancellation() async throws {
      let server = try etcds.start()
      let client = try await server.client()
      try server.inject(.pause)
      let call = Task { try await client.get(bytes("a"), within: .seconds(3600)) }
      call.cancel()
      await #expect(throws: EtcdError.cancelled) { try await call.value }
    }

    @Test(
      "given a peer that does not speak gRPC, then calls and watches fail and nothing ends the process",
      arguments: ["", "HTTP/1.1 200 OK\r\n\r\n", "\0\0\0\u{4}\0\0\0\0\0", String(repeating: "x", count: 100_000)])
    func nonsense(_ answer: String) async throws {
      let peer = try NonsensePeer(answer)
      let client = EtcdClient(endpoints: [peer.endpoint], timing: Self.timing(.milliseconds(500)))
      await #expect(throws: EtcdError.self) { try await client.get(bytes("a")) }
      await #expect(throws: EtcdError.self) { try await client.put(bytes("a"), []) }
      var watching = Watching(client.watch(.prefix([])))
      try await watching.read { if case .interrupted = $0 { true } else { false } }
      #expect(peer.count > 0)
      await client.close()
    }
  }
}

/// Takes connections, writes the same bytes to each and closes it.
private final class NonsensePeer: Sendable {
  private final class Counter: Sendable {
    let value = Atomic(0)
  }

  let endpoint: EtcdEndpoint
  private let socket: CInt
  private let accepted = Counter()

  /// Connections that got the bytes.
  var count: Int { accepted.value.load(ordering: .relaxed) }

  init(_ answer: String) throws {
    let port = try EtcdServer.freePort()
    endpoint = EtcdEndpoint(host: "127.0.0.1", port: port)
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    try #require(bind(socket, &address) == 0 && listen(socket, 16) == 0)
    let (socket, bytes, accepted) = (socket, Array(answer.utf8), accepted)
    let hasThread = startThread(named: "nonsense") {
      while case let peer = accept(socket, nil, nil), peer >= 0 {
        _ = send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        accepted.value.add(1, ordering: .relaxed)
        close(peer)
      }
      close(socket)
    }
    try #require(hasThread == true)
  }

  deinit { shutdown(socket, Int32(SHUT_RDWR)) }
}
