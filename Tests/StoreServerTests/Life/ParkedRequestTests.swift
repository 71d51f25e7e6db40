import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("requests that wait")
  struct ParkedRequestTests {
    let server: RunningServer
    let client: WireClient

    init() throws {
      server = try RunningServer()
      client = try WireClient.registered(server)
    }

    /// Connects and sends a request that must wait.
    private func park(_ request: String, _ kind: WireClient.Kind = .ipc) throws -> WireClient {
      let waiter = try WireClient.registered(server, kind)
      let before = try server.onLoop { $0.handler.parkedRequests }
      try waiter.sendFrame(request)
      try server.waitUntil("\(request) waits") { $0.handler.parkedRequests == before + 1 }
      return waiter
    }

    private func persistedObject() throws -> UInt64 {
      let created = try client.request(
        #"{"type":"create_data_request","content":{"typename":"t","instance_id":0}}"#)
      let id = try #require(created["id"]?.integer)
      #expect(try client.request("{\"type\":\"persist_request\",\"id\":\(id)}")["code"] == nil)
      return id
    }

    private func expectNoneParked() throws {
      #expect(try server.onLoop { $0.handler.parkedRequests } == 0)
      #expect(try server.onLoop { $0.heldReplies.isEmpty })
    }

    @Test("get_name with wait is answered when the name appears, to everyone, and what is pipelined behind follows")
    func name() throws {
      let waiters = try [WireClient.Kind.ipc, .rpc, .ipc].map {
        try park(#"{"type":"get_name_request","name":"n","wait":true}"#, $0)
      }
      let stranger = try park(#"{"type":"get_name_request","name":"other","wait":true}"#)
      try waiters[0].sendFrame(#"{"type":"exists_request","id":1}"#)
      let id = try persistedObject()
      #expect(try client.request("{\"type\":\"put_name_request\",\"name\":\"n\",\"object_id\":\(id)}")["code"] == nil)
      for waiter in waiters { #expect(try waiter.receiveReply()?["object_id"]?.integer == id) }
      #expect(try waiters[0].receiveReply()?["exists"] == .bool(false))
      #expect(!stranger.isReadable(within: 20))
      #expect(try server.onLoop { $0.handler.parkedRequests } == 1)
    }

    @Test("get_data with wait is answered when the last of its blobs is sealed")
    func data() throws {
      let created = try client.request(#"{"type":"create_buffers_request","sizes":[10,20],"num":2}"#)
      let blobs = created["ids"]?.elements.compactMap(\.integer) ?? []
      try closeFile(client.receiveArena())
      let waiter = try park("{\"type\":\"get_data_request\",\"id\":[\(blobs[0]),\(blobs[1])],\"wait\":true}")
      _ = try client.request("{\"type\":\"seal_request\",\"object_id\":\(blobs[0])}")
      #expect(!waiter.isReadable(within: 20))
      _ = try client.request("{\"type\":\"seal_request\",\"object_id\":\(blobs[1])}")
      guard case .object(let content)? = try waiter.receiveReply()?["content"] else { throw TestFailure("no content") }
      #expect(content.count == 2)
      try expectNoneParked()
    }

    @Test("a lock goes to who waits when it is released, and when its holder leaves")
    func lock() throws {
      let acquire = #"{"type":"acquire_lock_request","key":"k"}"#
      #expect(try client.requestText(acquire) == #"{"key":"k","result":true,"type":"acquire_lock_reply"}"#)
      let second = try park(acquire)
      let third = try park(acquire)
      #expect(
        try client.requestText(#"{"type":"release_lock_request","key":"k"}"#)
          == #"{"result":true,"type":"release_lock_reply"}"#)
      #expect(try second.receiveReply()?["result"] == .bool(true))
      #expect(!third.isReadable(within: 20))
      second.close()
      #expect(try third.receiveReply()?["result"] == .bool(true))
      try expectNoneParked()
    }

    @Test("a stream's reader is told when the stream is dropped, and when its writer leaves in the middle of a chunk")
    func streamEnds() throws {
      for id in [1, 2] { _ = try client.request("{\"type\":\"create_stream_request\",\"object_id\":\(id)}") }
      let first = try park(#"{"type":"pull_next_stream_chunk_request","id":1}"#)
      let second = try park(#"{"type":"pull_next_stream_chunk_request","id":2}"#)
      _ = try client.request(#"{"type":"drop_stream_request","id":1}"#)
      #expect(try first.receiveReply()?["code"]?.integer == 12)
      let writer = try WireClient.registered(server)
      _ = try writer.request(#"{"type":"get_next_stream_chunk_request","id":2,"size":10}"#)
      writer.close()
      #expect(try second.receiveReply()?["code"]?.integer == 43)
      try expectNoneParked()
    }

    @Test("a writer that waits for a full stream goes on when the reader has consumed, while others wait too")
    func backPressure() throws {
      let bystander = try park(#"{"type":"get_name_request","name":"never","wait":true}"#)
      _ = try client.request(#"{"type":"create_stream_request","object_id":1}"#)
      let next = #"{"type":"get_next_stream_chunk_request","id":1,"size":6000000}"#
      let pull = #"{"type":"pull_next_stream_chunk_request","id":1}"#
      let writer = try WireClient.registered(server, .rpc)
      _ = try writer.request(next)
      _ = try writer.request(next)
      try writer.sendFrame(next)
      try server.waitUntil("the writer waits") { $0.handler.parkedRequests == 2 }
      #expect(try client.request(pull)["chunk"] != nil)
      #expect(!writer.isReadable(within: 20))
      try client.sendFrame(pull)
      #expect(try writer.receiveReply()?["type"] == .string("get_next_stream_chunk_reply"))
      #expect(try client.receiveReply()?["chunk"] != nil)
      bystander.close()
      try server.waitUntil("nobody waits") { $0.handler.parkedRequests == 0 }
    }

    @Test("a client that leaves while it waits is forgotten at once", arguments: 0..<3)
    func leaving(how: Int) throws {
      let waiter = try park(#"{"type":"get_name_request","name":"n","wait":true}"#, .rpc)
      switch how {
      case 0: waiter.close()
      case 1: waiter.abort()
      default: waiter.halfClose()
      }
      try server.waitUntil("it is forgotten") { $0.handler.parkedRequests == 0 && $0.connections.count == 1 }
      try expectNoneParked()
    }

    @Test("waiting costs nothing: the loop sleeps")
    func idle() throws {
      _ = try park(#"{"type":"get_name_request","name":"n","wait":true}"#)
      let before = try server.onLoop { $0.poller.waits }
      #expect(!client.isReadable(within: 200))
      #expect(try server.onLoop { $0.poller.waits } - before < 10)
    }
  }
}
