import Glibc
import StoreClient
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("blobs whose bytes travel on the connection")
  struct RemoteBlobTests {
    let server: RunningServer

    init() throws { server = try RunningServer() }

    private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    private func used() throws -> UInt64 { try server.onLoop { $0.store.memory.used } }

    @Test(
      "a blob is announced, received, confirmed with the same reply, and comes back",
      arguments: [WireClient.Kind.ipc, .rpc])
    func roundTrip(kind: WireClient.Kind) throws {
      let client = try WireClient.registered(server, kind)
      let bytes = pattern(3 << 20)
      let announced = try client.request("{\"type\":\"create_remote_buffer_request\",\"size\":\(bytes.count)}")
      #expect(announced["type"] == .string("create_buffer_reply"))
      #expect(announced["created"]?["is_sealed"] == .bool(true))
      try client.send(bytes)
      #expect(try client.receiveReply() == announced)
      let id = try #require(announced["id"]?.integer)
      let read = try client.request("{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}")
      #expect(read["compress"] == .bool(false))
      #expect(read["fds"] == .array([]))
      #expect(try client.receive(bytes.count) == bytes)
      #expect(try client.request("{\"type\":\"exists_request\",\"id\":\(id)}")["exists"] == .bool(true))
    }

    @Test("several blobs travel back to back, empty ones not at all; ids nobody knows are left out")
    func several() throws {
      let client = try WireClient.registered(server, .rpc)
      let announced = try client.request(#"{"type":"create_remote_buffers_request","sizes":[1000,0,500],"num":3}"#)
      let bytes = pattern(1500)
      try client.send(bytes)
      #expect(try client.receiveReply() == announced)
      let ids = announced["ids"]?.elements.compactMap(\.integer) ?? []
      #expect(ids.count == 3 && ids[1] == 1 << 63)
      let request = "{\"num\":4,\"0\":\(ids[2]),\"1\":\(ids[1]),\"2\":\(1 << 63 | UInt64(5)),\"3\":\(ids[0])"
      let read = try client.request(request + ",\"type\":\"get_remote_buffers_request\"}")
      #expect(read["payloads"]?.elements.compactMap { $0["data_size"]?.integer } == [500, 0, 1000])
      #expect(try client.receive(1500) == Array(bytes[1000...] + bytes[..<1000]))
    }

    @Test("nothing but empty blobs: the confirmation follows at once")
    func empty() throws {
      let client = try WireClient.registered(server, .rpc)
      let announced = try client.request(#"{"type":"create_remote_buffers_request","sizes":[0,0],"num":2}"#)
      #expect(try client.receiveReply() == announced)
      #expect(try client.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
    }

    @Test("bytes and the next request may be pipelined behind the request")
    func pipelined() throws {
      let client = try WireClient.registered(server, .rpc)
      let bytes = pattern(200_000)
      try client.send(
        StoreClient.frame(Array("{\"type\":\"create_remote_buffer_request\",\"size\":\(bytes.count)}".utf8)) + bytes
          + StoreClient.frame(Array(#"{"type":"exists_request","id":1}"#.utf8)))
      let announced = try #require(try client.receiveReply())
      #expect(try client.receiveReply() == announced)
      #expect(try client.receiveReply()?["exists"] == .bool(false))
      let id = try #require(announced["id"]?.integer)
      try client.sendFrame("{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}")
      try client.sendFrame(#"{"type":"exists_request","id":1}"#)
      _ = try client.receiveReply()
      #expect(try client.receive(bytes.count) == bytes)
      #expect(try client.receiveReply()?["exists"] == .bool(false))
    }

    @Test("[Error] a transfer cut in the middle frees the blob", arguments: [WireClient.Kind.ipc, .rpc])
    func cut(kind: WireClient.Kind) throws {
      let client = try WireClient.registered(server, kind)
      _ = try client.request(#"{"type":"create_remote_buffers_request","sizes":[1000000,1000000],"num":2}"#)
      try client.send(pattern(1_500_000))
      #expect(try used() == 2_000_000)
      client.abort()
      try server.waitUntil("the blobs are freed") { $0.store.memory.used == 0 && $0.connections.isEmpty }
      #expect(try server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("[Error] a reader that leaves in the middle gives its hold on the blob back")
    func readerLeaves() throws {
      let writer = try WireClient.registered(server, .rpc)
      let announced = try writer.request(#"{"type":"create_remote_buffer_request","size":8000000}"#)
      try writer.send(pattern(8_000_000))
      _ = try writer.receiveReply()
      let id = try #require(announced["id"]?.integer)
      let reader = try WireClient(server, .rpc, receiveBuffer: 4096)
      _ = try reader.request(WireClient.register)
      _ = try reader.request("{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}")
      _ = try reader.receive(1000)
      _ = try writer.request("{\"type\":\"drop_buffer_request\",\"id\":\(id)}")
      #expect(try server.onLoop { $0.store.memory.retained } == 8_000_000)
      reader.abort()
      try server.waitUntil("the hold ends") { $0.store.memory.retained == 0 }
      #expect(try used() == 0)
    }

    @Test("other clients are served while bytes are awaited")
    func concurrent() throws {
      let slow = try WireClient.registered(server, .rpc)
      _ = try slow.request(#"{"type":"create_remote_buffer_request","size":1000000}"#)
      try slow.send(pattern(10))
      let other = try WireClient.registered(server, .rpc)
      #expect(try other.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
      try slow.send(pattern(999_990))
      #expect(try slow.receiveReply()?["type"] == .string("create_buffer_reply"))
    }

    @Test("[Error] unsealed blobs, compression and RDMA are refused; nothing follows")
    func refusals() throws {
      let client = try WireClient.registered(server, .rpc)
      let id = try #require(client.request(#"{"type":"create_buffer_request","size":10}"#)["id"]?.integer)
      let read = "{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}"
      #expect(try client.request(read)["code"] == .number("2"))
      for option in ["compress", "use_rdma"] {
        let request = "{\"type\":\"create_remote_buffer_request\",\"size\":10,\"\(option)\":true}"
        #expect(try client.request(request)["code"] == .number("6"))
      }
      #expect(!client.isReadable(within: 20))
      #expect(try used() == 10)
    }

    @Test("a hang-up noticed before the transfer began does not close a socket in use by the transfer")
    func staleHangUp() throws {
      let client = try WireClient.registered(server, .rpc)
      _ = try client.request(#"{"type":"create_remote_buffer_request","size":1000}"#)
      try server.waitUntil("the transfer runs") { server in
        server.connections.values.contains { if case .transferring = $0.state { true } else { false } }
      }
      let survived = try server.onLoop { server in
        guard let hangUp = hangUpEvent(), let connection = server.connections.values.first else { return false }
        server.serve(connection, hangUp)
        return !server.connections.isEmpty
      }
      #expect(survived)
      try client.send(pattern(1000))
      #expect(try client.receiveReply()?["type"] == .string("create_buffer_reply"))
    }
  }
}

/// What epoll(7) says about a socket whose peer has gone.
private func hangUpEvent() -> Poller.Event? {
  var ends: [CInt] = [-1, -1]
  guard let poller = try? Poller(), socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0 else { return nil }
  defer { close(ends[0]) }
  close(ends[1])
  guard poller.add(ends[0], .hangUp, token: 0) else { return nil }
  var event: Poller.Event?
  poller.wait(timeout: 0) { event = $0 }
  return event
}
