import HTTPEndpoint
import Support
import Testing

/// The error of an endpoint that cannot listen.
@Suite struct EndpointAddressTests {
  @Test func `a port that is taken is told in the system's words, with the flag to change`() throws {
    let first = try HTTPEndpoint(ListenAddress(host: "127.0.0.1", port: 0), flag: "--metrics_port") { _, respond in
      respond(HTTPEndpoint.Response("ok"))
    }
    defer { first.stop() }
    let address = ListenAddress(host: "127.0.0.1", port: first.port)
    let error = #expect(throws: ProgramError.self) {
      try HTTPEndpoint(address, flag: "--metrics_port") { _, respond in respond(HTTPEndpoint.Response("ok")) }
    }
    let line = "cannot listen on \(address): Address already in use (hint: choose another with --metrics_port)"
    #expect(error?.description == line)
  }
}
