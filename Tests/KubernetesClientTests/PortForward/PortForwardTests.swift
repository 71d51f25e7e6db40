import Documents
import Glibc
import Support
import Testing

@testable import KubernetesClient

@Suite("port-forwards", .timeLimit(.minutes(10)))
struct PortForwardTests {
  /// A running pod whose port 80 leads to a port of this machine.
  private func pod(_ world: TestWorld, to port: Int?) async throws {
    try await world.run(pod: "p")
    guard let port else { return }
    try await world.double.control(
      "POST", "portforward", ["namespace": .string(world.namespace), "pod": "p", "port": 80, "to": Value(port)])
  }

  private func port(_ server: ScriptedServer) throws -> Int {
    try #require(Int(server.url.split(separator: ":").last ?? ""))
  }

  @Test("HTTP through a port-forward, again and again, and two at once")
  func http() async throws {
    let world = try await TestWorld()
    let server = try ScriptedServer { [answer("200 OK", "answer \($0)")] }
    try await pod(world, to: port(server))
    let bodies = try await world.client.withPortForward(pod: "p", namespace: world.namespace, port: 80) { port in
      let url = "http://127.0.0.1:\(port)/metrics"
      async let first = world.client.httpGet(url)
      async let second = world.client.httpGet(url)
      let answers = try await [first, second, world.client.httpGet(url)]
      #expect(answers.allSatisfy { $0.status == 200 })
      return answers.map { String(decoding: $0.body, as: UTF8.self) }
    }
    #expect(Set(bodies) == ["answer 0", "answer 1", "answer 2"])
    // The credentials are for the API server only.
    #expect(server.requests.all.allSatisfy { !$0.contains("Authorization") })
  }

  @Test("megabytes go through in order")
  func large() async throws {
    let world = try await TestWorld()
    let body = String(repeating: "0123456789abcdef", count: 1 << 18)
    let server = try ScriptedServer { _ in [answer("200 OK", body)] }
    try await pod(world, to: port(server))
    let received = try await world.client.withPortForward(pod: "p", namespace: world.namespace, port: 80) { port in
      try await world.client.httpGet("http://127.0.0.1:\(port)/").body
    }
    #expect(received == Array(body.utf8))
  }

  @Test("afterwards the local port is closed")
  func closed() async throws {
    let world = try await TestWorld()
    let server = try ScriptedServer { _ in [answer("200 OK", "")] }
    try await pod(world, to: port(server))
    let port = try await world.client.withPortForward(pod: "p", namespace: world.namespace, port: 80) { $0 }
    let error = try await thrown(TransportError.self) {
      try await world.client.httpGet("http://127.0.0.1:\(port)/")
    }
    #expect(error.kind == .unreachable(.refused))
  }

  @Test("a port where nothing listens is told in the node's words")
  func refused() async throws {
    let world = try await TestWorld()
    try await pod(world, to: nil)
    let error = try await thrown(TransportError.self) {
      try await world.client.withPortForward(pod: "p", namespace: world.namespace, port: 81) { port in
        try await world.client.httpGet("http://127.0.0.1:\(port)/")
      }
    }
    #expect(error.kind == .podUnreachable)
    #expect(error.description.contains("cannot forward port 81 of Pod \(world.namespace)/p: "))
    #expect(error.description.contains("connection refused"))
  }

  @Test("a pod that is not there is found missing before the body runs")
  func missing() async throws {
    let world = try await TestWorld()
    let error = try await thrown(KubernetesError.self) {
      try await world.client.withPortForward(pod: "none", namespace: world.namespace, port: 80) { _ in
        Issue.record("the body ran")
      }
    }
    #expect(error.asProgramError.code == .notFound)
  }

  @Test("what the body throws is thrown")
  func bodyThrows() async throws {
    let world = try await TestWorld()
    let server = try ScriptedServer { _ in [answer("200 OK", "")] }
    try await pod(world, to: port(server))
    await #expect(throws: NothingThrown.self) {
      try await world.client.withPortForward(pod: "p", namespace: world.namespace, port: 80) { _ in
        throw NothingThrown()
      }
    }
  }

  @Test("a server that knows no such upgrade is named with its version")
  func unsupported() async throws {
    let server = try ScriptedServer { index in
      [
        index == 0
          ? answer("400 Bad Request", "Upgrade request required")
          : answer("200 OK", #"{"major":"1","minor":"20","gitVersion":"v1.20.1"}"#)
      ]
    }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    let error = try await thrown(TransportError.self) {
      try await client.withPortForward(pod: "p", namespace: "n", port: 80) { _ in }
    }
    #expect(error.kind == .unsupported)
    #expect(error.description.contains("(v1.20.1) does not offer port-forwarding over WebSocket"))
  }

  @Test("an upgrade asks for no representation, which a kubelet would refuse")
  func accept() async throws {
    let server = try ScriptedServer { _ in [answer("406 Not Acceptable", "406: Not Acceptable")] }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    let error = try await thrown(KubernetesError.self) {
      try await client.withPortForward(pod: "p", namespace: "n", port: 80) { _ in }
    }
    #expect(error.description.contains("cannot forward port 80 of Pod n/p: 406: Not Acceptable"))
    let request = try #require(server.requests.all.first)
    #expect(request.contains("\r\nAccept: */*\r\n") && !request.contains("json"))
  }

  @Test("a server that never answers the upgrade is left when the task is cancelled")
  func cancelled() async throws {
    let server = try ScriptedServer { _ in [.silence] }
    let client = testClient(ClientConfiguration(server: server.url, credentials: FixedCredentials()))
    let task = Task { try await client.withPortForward(pod: "p", namespace: "n", port: 80) { _ in } }
    try await eventually("it was asked") { !server.requests.all.isEmpty }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
