import Support
import Testing

@testable import CSIDriver

@Suite("Endpoints of the driver")
struct DriverEndpointTests {
  @Test(
    "are read as the original reads them",
    arguments: [
      ("unix:///csi/csi.sock", DriverEndpoint.unix(path: "/csi/csi.sock")),
      ("unix://csi/csi.sock", .unix(path: "/csi/csi.sock")),
      ("UNIX:///csi.sock", .unix(path: "/csi.sock")),
      ("tcp://127.0.0.1:10000", .tcp(host: "127.0.0.1", port: 10000)),
      ("tcp://localhost:0", .tcp(host: "127.0.0.1", port: 0)),
      ("tcp://[::1]:10000", .tcp(host: "::1", port: 10000)),
    ])
  func valid(text: String, expected: DriverEndpoint) throws {
    #expect(try DriverEndpoint(text) == expected)
  }

  @Test(
    "that are none, or would let other hosts in, are wrong usage",
    arguments: [
      "", "unix", "unix://", "/csi.sock", "http://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:65536",
      "tcp://0.0.0.0:1", "tcp://node:1", "tcp://:1",
    ])
  func invalid(text: String) {
    let error = #expect(throws: ProgramError.self) { try DriverEndpoint(text) }
    #expect(error?.code == .usage)
    #expect(error?.hint != nil)
  }
}
