import StoreClient
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("messages on the wire")
  struct FramingTests {
    let server: RunningServer

    init() throws { server = try RunningServer() }

    @Test("pipelined requests are answered one by one, in their order", arguments: [WireClient.Kind.ipc, .rpc])
    func pipelining(kind: WireClient.Kind) throws {
      let client = try WireClient.registered(server, kind)
      let requests = (0..<500).map { "{\"type\":\"request \($0)\"}" }
      try client.send(requests.flatMap { StoreClient.frame(Array($0.utf8)) })
      for index in 0..<500 {
        #expect(try client.receiveReply()?["message"] == .string("Got unexpected command: request \(index)"))
      }
    }

    @Test("a message may come byte by byte")
    func trickle() throws {
      let client = try WireClient(server)
      for byte in StoreClient.frame(Array(WireClient.register.utf8)) { try client.send([byte]) }
      #expect(try client.receiveReply()?["type"] == .string("register_reply"))
    }

    @Test("[Error] an empty message is answered, and the connection stays usable")
    func emptyMessage() throws {
      let client = try WireClient(server)
      #expect(try client.request("")["code"] == .number("1"))
      #expect(try client.request(WireClient.register)["type"] == .string("register_reply"))
    }

    @Test(
      "[Error] a header of more than 256 MiB closes the connection",
      arguments: [256 << 20 | 1, 300 << 20, .max] as [UInt64])
    func oversized(length: UInt64) throws {
      let client = try WireClient.registered(server)
      try client.send(withUnsafeBytes(of: length.littleEndian) { Array($0) })
      #expect(try client.isClosedSilently())
    }

    @Test("a header alone makes the server wait, not allocate")
    func headerAlone() throws {
      let client = try WireClient.registered(server)
      try client.send(withUnsafeBytes(of: (UInt64(256) << 20).littleEndian) { Array($0) })
      try server.waitUntil("the header has arrived") { $0.connections.values.contains { $0.input.count == 8 } }
      #expect(try server.onLoop { $0.connections.values.allSatisfy { $0.input.count < 100 } })
      client.close()
      try server.waitUntil("the client is gone") { $0.connections.isEmpty }
    }

    @Test("[Error] a type that is longer than any is not looked at, before registering and after")
    func longType() throws {
      let client = try WireClient(server)
      let type = String(repeating: "\\u0001", count: 1000)
      for _ in 0..<2 {
        let reply = try client.request("{\"type\":\"\(type)\"}")
        #expect(reply["code"]?.integer == 1)
        guard case .string(let message) = reply["message"] else { throw TestFailure("no message") }
        #expect(message.contains("256 are allowed") && message.utf8.count < 200)
        _ = try client.request(WireClient.register)
      }
    }

    @Test("[Error] labels of more text than is allowed are refused before they are read")
    func longLabels() throws {
      let client = try WireClient.registered(server)
      let text = String(repeating: "v", count: 600 << 10)
      let reply = try client.request(
        #"{"type":"label_request","id":1,"keys":["a","b"],"values":["\#(text)","\#(text)"]}"#)
      guard case .string(let message) = reply["message"] else { throw TestFailure("no message") }
      #expect(message.contains("1048576 are allowed"))
    }

    @Test("a valid message of 100 MiB works")
    func large() throws {
      let client = try WireClient.registered(server)
      let text = [UInt8](repeating: 0x78, count: 100 << 20)
      try client.send(
        StoreClient.frame(Array(#"{"type":"exists_request","id":1,"x":""#.utf8) + text + Array("\"}".utf8)))
      #expect(try client.receiveReply()?["exists"] == .bool(false))
      #expect(try client.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
    }

    /// An object whose metadata take more than a MiB.
    private func createLargeObject(_ client: WireClient) throws -> UInt64 {
      let text = String(repeating: "x", count: 1 << 20)
      let content = #"{"typename":"t","instance_id":0,"x":"\#(text)"}"#
      return try #require(client.request(#"{"type":"create_data_request","content":\#(content)}"#)["id"]?.integer)
    }

    @Test("a client that doesn't read its replies holds up nobody, and the server keeps one reply for it at most")
    func slowReader() throws {
      let slow = try WireClient.registered(server)
      let id = try createLargeObject(slow)
      let get = StoreClient.frame(Array("{\"type\":\"get_data_request\",\"id\":[\(id)]}".utf8))
      try slow.send(Array(repeatElement(get, count: 100).joined()))
      try server.waitUntil("a reply waits for the reader") { $0.connections.values.contains(where: \.hasPendingOutput) }
      #expect(try server.onLoop { $0.connections.values.allSatisfy { $0.input.count <= 64 << 10 } })

      let other = try WireClient.registered(server)
      for _ in 0..<100 { #expect(try other.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false)) }
      for _ in 0..<100 { #expect(try slow.receiveText()?.count ?? 0 > 1 << 20) }
      #expect(try slow.request(#"{"type":"exists_request","id":\#(id)}"#)["exists"] == .bool(true))
    }

    @Test("a client that leaves with replies unread takes them along")
    func unread() throws {
      let client = try WireClient.registered(server)
      let id = try createLargeObject(client)
      for _ in 0..<10 { try client.sendFrame("{\"type\":\"get_data_request\",\"id\":[\(id)]}") }
      try server.waitUntil("a reply waits for the reader") { $0.connections.values.contains(where: \.hasPendingOutput) }
      client.close()
      try server.waitUntil("the client is gone") { $0.connections.isEmpty }
    }
  }
}
