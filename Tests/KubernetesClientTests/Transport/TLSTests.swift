import Documents
import Glibc
import Support
import Testing

@testable import KubernetesClient

@Suite("TLS", .timeLimit(.minutes(10)))
struct TLSTests {
  private func problem(_ configuration: ClientConfiguration) async throws -> TransportError.Kind {
    try await thrown(TransportError.self) { try await testClient(configuration).version() }.kind
  }

  @Test(
    "a certificate that is no good is refused with its reason, and taken when nobody checks",
    arguments: [
      ("expired", TransportError.TLSProblem.expired), ("wrong-name", .wrongName), ("other-ca", .unknownAuthority),
    ])
  func certificates(kind: String, problem: TransportError.TLSProblem) async throws {
    let double = try APIServerDouble("--certificate", kind, "--no-controllers")
    var configuration = double.configuration()
    #expect(try await self.problem(configuration) == .tls(problem))
    if problem == .wrongName {
      configuration.tls.serverName = "elsewhere.example"
      #expect(try await testClient(configuration).version().major == 1)
      configuration.tls.serverName = nil
    }
    configuration.tls.skipsVerification = true
    #expect(try await testClient(configuration).version().major == 1)
  }

  @Test("without an authority of its own, the system's do not vouch for a cluster")
  func systemAuthorities() async throws {
    var configuration = try APIServerDouble.shared.get().configuration()
    configuration.tls.authority = nil
    #expect(try await problem(configuration) == .tls(.unknownAuthority))
  }

  @Test("with a server name, the certificate must have that name")
  func serverName() async throws {
    var configuration = try APIServerDouble.shared.get().configuration()
    configuration.tls.serverName = "kubernetes.default.svc"
    #expect(try await testClient(configuration).version().major == 1)
    configuration.tls.serverName = "example.org"
    #expect(try await problem(configuration) == .tls(.wrongName))
  }

  @Test("files are read as well as data, and again for each connection")
  func files() async throws {
    let double = try APIServerDouble.shared.get()
    let path = "/tmp/authority-\(UInt64.random(in: 0...UInt64.max)).pem"
    defer { unlink(path) }
    var configuration = double.configuration()
    configuration.tls.authority = .file(path)
    #expect(try await problem(configuration) == .tls(.authorityUnreadable))
    let file = open(path, O_WRONLY | O_CREAT, 0o600)
    _ = write(file, double.authority, double.authority.count)
    close(file)
    #expect(try await testClient(configuration).version().major == 1)
  }

  @Test("a client certificate that cannot be read")
  func clientCertificate() async throws {
    let junk = ClientCertificate(chain: .data(Array("junk".utf8)), key: .data(Array("junk".utf8)))
    let configuration = try APIServerDouble.shared.get().configuration(
      FixedCredentials(Credentials(certificate: junk)))
    #expect(try await problem(configuration) == .tls(.clientCertificate))
  }

  @Test("a server that does not speak TLS")
  func noTLS() async throws {
    let plain = try ScriptedServer(greeting: "HTTP/1.1 400 Bad Request\r\n\r\n") { _ in [] }
    let secured = "https" + plain.url.dropFirst(4)
    #expect(try await problem(ClientConfiguration(server: secured, credentials: FixedCredentials())) == .tls(.notTLS))
  }

  @Test("a server of the other scheme is told as such, whatever it does")
  func otherScheme() async throws {
    let double = try APIServerDouble.shared.get().configuration()
    var configuration = double
    configuration.server = "http" + double.server.dropFirst("https".count)
    let refused = try await thrown(TransportError.self) { try await testClient(configuration).version() }
    #expect(refused.asProgramError.cause == "\(configuration.server) closed the connection without an answer")
    #expect(refused.asProgramError.hint?.hasPrefix("check the server's URL: https:// instead of http://?") == true)
    let alert = try ScriptedServer { _ in [.send("\u{15}\u{3}\u{1}\0\u{2}\u{2}F"), .close] }
    configuration.server = alert.url
    let spoilt = try await thrown(TransportError.self) { try await testClient(configuration).version() }
    #expect(spoilt.asProgramError.hint?.hasPrefix("check the server's URL: https:// instead of http://?") == true)
    #expect(!alert.requests.all.isEmpty)
    let (listener, stop) = (try LocalListener(), try StopSignal())
    let closing = try BackgroundThread(named: "closing") {
      while let client = listener.accept(stop: stop) { close(client) }
    }
    configuration = ClientConfiguration(
      server: "https://127.0.0.1:\(listener.port)", credentials: FixedCredentials())
    let closed = try await thrown(TransportError.self) { try await testClient(configuration).version() }
    #expect(closed.kind == .tls(.closed))
    #expect(closed.asProgramError.hint?.hasPrefix("check the server's URL: http:// instead of https://?") == true)
    stop.raise()
    closing.join()
  }

  @Test("through a proxy")
  func proxy() async throws {
    let server = try ScriptedServer { _ in [answer("200 OK", #"{"major":"1","minor":"30"}"#)] }
    var configuration = ClientConfiguration(
      server: "http://api.example.invalid:8080/k", proxy: server.url, credentials: FixedCredentials())
    #expect(try await testClient(configuration).version().minor == 30)
    #expect(server.requests.all.first?.hasPrefix("GET http://api.example.invalid:8080/k/version HTTP/1.1\r\n") == true)
    configuration.proxy = "http://127.0.0.1:1"
    #expect(try await problem(configuration) == .unreachable(.proxy))
    let refusing = try ScriptedServer { _ in [answer("403 Forbidden", "no")] }
    configuration.server = "https://api.example.invalid"
    configuration.proxy = refusing.url
    #expect(try await problem(configuration) == .unreachable(.proxy))
  }
}
