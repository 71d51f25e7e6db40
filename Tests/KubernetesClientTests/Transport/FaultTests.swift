import KubernetesObjects
import Support
import Testing

@testable import KubernetesClient

@Suite("faults on the way", .timeLimit(.minutes(10)), .disturbancesStrike)
struct FaultTests {
  private func scripted(_ script: @escaping @Sendable (Int) -> [ScriptedServer.Step]) throws -> (
    ScriptedServer, ClientConfiguration
  ) {
    let server = try ScriptedServer(script)
    return (server, ClientConfiguration(server: server.url, credentials: FixedCredentials()))
  }

  @Test("429 with Retry-After is obeyed, also when creating")
  func tooManyRequests() async throws {
    let world = try await TestWorld()
    try await world.fault("status", ["code": 429, "retry_after": 3])
    _ = try await world.client.create(world.configMap("a"))
    #expect(world.sleeps.all == [.seconds(3)])
    #expect(
      world.lines.all.contains {
        $0.contains("DEBUG create ConfigMap \(world.namespace)/a: ") && $0.contains("trying again in 3000 ms")
      })
  }

  @Test("a create is not repeated when it may have happened", arguments: ["reset", "close"])
  func createOnce(kind: String) async throws {
    let world = try await TestWorld()
    _ = try await world.client.get(world.reference("a"))
    try await world.fault(kind, method: "POST")
    let error = try await thrown(TransportError.self) { try await world.client.create(world.configMap("a")) }
    #expect(error.kind == .reset)
    #expect(world.sleeps.all.isEmpty)
  }

  @Test(
    "what does no harm is repeated after an error of the server and a spoilt answer, later each time",
    arguments: ["status", "truncate", "malformed"])
  func repeated(kind: String) async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a"))
    try await world.fault(kind, method: "GET", times: 2, ["code": 500])
    #expect(try await world.client.get(world.reference("a"))?.name == "a")
    #expect(world.sleeps.all == [.milliseconds(250), .milliseconds(500)])
  }

  @Test("what does no harm is repeated when connections break", arguments: ["reset", "close"])
  func reconnected(kind: String) async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a"))
    // Connections that had been used before are replaced by libcurl itself.
    try await world.fault(kind, method: "GET", times: 4)
    #expect(try await world.client.get(world.reference("a"))?.name == "a")
    #expect(!world.sleeps.all.isEmpty)
  }

  @Test("an apply is repeated after a reset, but not after an unexplained error")
  func applied() async throws {
    let world = try await TestWorld()
    try await world.fault("reset", method: "PATCH")
    _ = try await world.client.apply(world.configMap("a"))
    try await world.fault("status", method: "PATCH", ["code": 500])
    let error = try await thrown(KubernetesError.self) { try await world.client.apply(world.configMap("a")) }
    #expect(error.httpStatus == 500)
  }

  @Test("a delete whose answer was lost is still a delete")
  func lostAnswer() async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a"))
    try await world.fault("truncate", method: "DELETE")
    #expect(try await world.client.delete(world.reference("a")))
  }

  @Test("an answer that stays malformed is told as such", arguments: ["truncate", "malformed"])
  func malformed(kind: String) async throws {
    let world = try await TestWorld()
    _ = try await world.client.create(world.configMap("a"))
    try await world.fault(kind, method: "GET", times: 6)
    let error = try await thrown(TransportError.self) { try await world.client.get(world.reference("a")) }
    #expect(error.kind == (kind == "truncate" ? .reset : .malformedAnswer))
  }

  @Test("a server that is slow is given up after the time for one request")
  func slow() async throws {
    let world = try await TestWorld()
    try await world.fault("delay", ["seconds": 30])
    var configuration = world.double.configuration()
    configuration.requestTimeout = 2
    let client = testClient(configuration)
    _ = try await client.version()
    _ = try await client.resource(for: .configMap)
    let error = try await thrown(TransportError.self) { try await client.get(world.reference("a")) }
    #expect(error.kind == .timeout)
    #expect(error.asProgramError.code == .notReady)
  }

  @Test("a server that accepts and says nothing is as good as none")
  func silent() async throws {
    let listener = try LocalListener()
    let configuration = ClientConfiguration(
      server: "https://127.0.0.1:\(listener.port)", credentials: FixedCredentials(), requestTimeout: 1)
    let error = try await thrown(TransportError.self) { try await testClient(configuration).version() }
    #expect(error.kind == .unreachable(.noAnswer(.tls)))
    #expect(error.description.contains("does not answer: the TLS handshake was not over within 1s"))
  }

  @Test("a name that nobody knows")
  func unknownHost() async throws {
    let configuration = ClientConfiguration(server: "https://nobody.invalid:6443", credentials: FixedCredentials())
    let error = try await thrown(TransportError.self) { try await testClient(configuration).version() }
    #expect(error.kind == .unreachable(.unknownHost))
    #expect(error.description.contains("check --context and --kubeconfig"))
  }

  @Test("a login page in front of the server is told as such")
  func loginPage() async throws {
    let hint = "a login page or a gateway is in front of the API server: log in there, or check the server's URL"
    let (first, redirecting) = try scripted { _ in
      [answer("302 Found", "<html>", "Location: https://login.test/start?state=secret\r\n")]
    }
    let refusal = try await thrown(KubernetesError.self) { try await testClient(redirecting).version() }
    #expect(refusal.asProgramError.cause == "\(first.url) redirects to https://login.test/start")
    #expect(refusal.asProgramError.hint == hint)
    let (second, page) = try scripted { _ in [answer("200 OK", "\n<!DOCTYPE html>")] }
    let failure = try await thrown(TransportError.self) { try await testClient(page).version() }
    #expect(failure.asProgramError.cause == "\(second.url) sent a page for a browser")
    #expect(failure.asProgramError.hint == hint)
  }

  @Test("a page of a proxy is an error, and no answer is one too")
  func strangers() async throws {
    let (first, proxy) = try scripted { _ in [answer("502 Bad Gateway", "<html>")] }
    #expect(try await thrown(KubernetesError.self) { try await testClient(proxy).version() }.httpStatus == 502)
    let (second, page) = try scripted { _ in [answer("200 OK", "<html>")] }
    #expect(try await thrown(TransportError.self) { try await testClient(page).version() }.kind == .malformedAnswer)
    let (third, junk) = try scripted { _ in [.send("junk\r\n\r\n"), .close] }
    #expect(try await thrown(TransportError.self) { try await testClient(junk).version() }.kind == .malformedAnswer)
    let (fourth, nothing) = try scripted { _ in [.close] }
    #expect(try await thrown(TransportError.self) { try await testClient(nothing).version() }.kind == .reset)
    #expect([first, second, third, fourth].allSatisfy { !$0.requests.all.isEmpty })
  }

  @Test("warnings of the server are passed on once")
  func warnings() async throws {
    let (server, configuration) = try scripted { _ in
      [answer("200 OK", #"{"major":"1","minor":"30"}"#, "Warning: 299 - \"v1 is deprecated\"\r\n")]
    }
    let lines = Recorder<String>()
    let client = testClient(configuration, lines: lines)
    for _ in 0..<3 { _ = try await client.version() }
    #expect(lines.all.count { $0.contains("WARN  v1 is deprecated") } == 1)
    #expect(server.requests.all.allSatisfy { $0.contains("User-Agent: vineyardctl/\(Version.product)\r\n") })
    #expect(server.requests.all.allSatisfy { $0.contains("Accept-Encoding: gzip\r\n") })
  }
}
