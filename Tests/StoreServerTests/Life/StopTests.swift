import Glibc
import SharedMemory
import StoreClient
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("stopping")
  struct StopTests {
    @Test("what has arrived is answered, then the connections end and the socket is gone")
    func inFlight() throws {
      let server = try RunningServer()
      let client = try WireClient.registered(server)
      let requests = (0..<1000).flatMap { StoreClient.frame(Array("{\"type\":\"request \($0)\"}".utf8)) }
      try client.send(requests)
      server.beginStop()
      for index in 0..<1000 {
        let reply = try #require(try client.receiveReply())
        #expect(reply["message"] == .string("Got unexpected command: request \(index)"))
      }
      #expect(try client.isClosedSilently())
      try server.stop()
      #expect(access(server.socketPath, F_OK) != 0)
      #expect(server.log.last?.contains("stopped") == true)
    }

    @Test("a request that waits is refused with code 36")
    func parked() throws {
      let server = try RunningServer()
      let client = try WireClient.registered(server)
      try client.sendFrame(#"{"type":"get_name_request","name":"n","wait":true}"#)
      try server.waitUntil("it waits") { $0.handler.parkedRequests == 1 }
      try server.stop()
      #expect(try client.receiveReply()?["code"] == .number("36"))
      #expect(try client.isClosedSilently())
    }

    @Test("a transfer under way and a reader that doesn't read delay the end for less than a second")
    func timeout() throws {
      let server = try RunningServer()
      let sender = try WireClient.registered(server, .rpc)
      _ = try sender.request(#"{"type":"create_remote_buffer_request","size":1000000}"#)
      let start = ContinuousClock.now
      try server.stop()
      #expect(ContinuousClock.now - start < .seconds(2))
      #expect(try sender.isClosedSilently())
    }

    @Test("sessions' sockets go too, and nothing of the server stays open in the process")
    func nothingStays() throws {
      let server = try RunningServer { $0.metricsPort = 0 }
      let arena = try server.onLoop { FileIdentity(file: $0.arena.fileDescriptor) }
      let client = try WireClient.registered(server)
      _ = try client.request(#"{"type":"new_session_request"}"#)
      #expect(fileNames(in: server.directory).count == 2)
      client.close()
      try server.stop()
      #expect(fileNames(in: server.directory) == [])
      #expect(throws: TestFailure.self) { try WireClient(server, .rpc) }
      #expect(throws: TestFailure.self) { try httpExchange("GET /metrics HTTP/1.0\r\n\r\n", port: server.metricsPort) }
      for _ in 0..<200 where Self.references(to: arena) > 0 { usleep(5000) }
      #expect(Self.references(to: arena) == 0)
    }

    private static func references(to file: FileIdentity?) -> Int {
      fileNames(in: "/proc/self/fd").compactMap { CInt($0) }.filter { FileIdentity(file: $0) == file }.count
    }

    @Test("many servers, one after another")
    func repeated() throws {
      for _ in 0..<20 {
        let server = try RunningServer()
        let client = try WireClient.registered(server)
        #expect(try client.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
        try server.stop()
      }
    }
  }
}
