import Glibc
import StoreCore
import StoreProtocol
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("whose memory it is")
  struct MemoryTests {
    let server: RunningServer

    init() throws { server = try RunningServer() }

    private func createBlob(_ client: WireClient, size: Int, isFirst: Bool = false) throws -> UInt64 {
      let created = try client.request("{\"type\":\"create_buffer_request\",\"size\":\(size)}")
      if created["fd"] != .number("-1") { try closeFile(client.receiveArena()) }
      return try #require(created["id"]?.integer)
    }

    private func read(_ client: WireClient, _ id: UInt64) throws {
      _ = try client.request("{\"type\":\"get_buffers_request\",\"ids\":[\(id)]}")
      try closeFile(client.receiveArena())
    }

    private func memory() throws -> [UInt64] {
      try server.onLoop { [$0.store.memory.used, $0.store.memory.retained] }
    }

    @Test("blobs nobody sealed go with their client, sealed ones stay")
    func unsealed() throws {
      let client = try WireClient.registered(server)
      _ = try createBlob(client, size: 1000)
      let sealed = try createBlob(client, size: 300)
      _ = try client.request("{\"type\":\"seal_request\",\"object_id\":\(sealed)}")
      #expect(try memory() == [1300, 0])
      client.close()
      try server.waitUntil("it is gone") { $0.connections.isEmpty }
      #expect(try memory() == [300, 0])
    }

    @Test("where deleted memory is kept, the bytes of a deleted blob are retained until its last reader disconnects")
    func retained() throws {
      let server = try RunningServer { $0.deletedMemory = .keep }
      func memory() throws -> [UInt64] { try server.onLoop { [$0.store.memory.used, $0.store.memory.retained] } }
      let writer = try WireClient.registered(server)
      let id = try createBlob(writer, size: 9_000_000)
      _ = try writer.request("{\"type\":\"seal_request\",\"object_id\":\(id)}")
      let readers = try [WireClient.registered(server), WireClient.registered(server)]
      for reader in readers { try read(reader, id) }
      _ = try writer.request("{\"type\":\"del_data_request\",\"id\":[\(id)]}")
      #expect(try memory() == [0, 9_000_000])
      #expect(try writer.request("{\"type\":\"create_buffer_request\",\"size\":9000000}")["code"] == .number("41"))
      readers[0].close()
      try server.waitUntil("one is gone") { $0.connections.count == 2 }
      #expect(try memory() == [0, 9_000_000])
      readers[1].close()
      try server.waitUntil("both are gone") { $0.store.memory.retained == 0 }
      _ = try createBlob(writer, size: 9_000_000)
    }

    @Test("outside of volumes deleted memory is used again rather than that a blob be refused, and that is told")
    func reuse() throws {
      let writer = try WireClient.registered(server)
      let reader = try WireClient.registered(server)
      let id = try createBlob(writer, size: 9_000_000)
      _ = try writer.request("{\"type\":\"seal_request\",\"object_id\":\(id)}")
      try read(reader, id)
      _ = try writer.request("{\"type\":\"del_data_request\",\"id\":[\(id)]}")
      #expect(try memory() == [0, 9_000_000])
      _ = try createBlob(writer, size: 9_000_000)
      #expect(try memory() == [9_000_000, 0])
      #expect(server.log.contains { $0.contains("1 deleted blobs are used again") && $0.contains("pid \(getpid())") })
      let metrics = try server.onLoop { $0.metricsText() }
      #expect(metrics.contains("vineyard_reused_bytes_total 9000000\n"))
      #expect(metrics.contains("vineyard_reused_blobs_total 1\n"))
    }

    @Test("a client that says that it releases blobs itself keeps what it was given, also of what it deletes")
    func releasingClient() throws {
      let client = try WireClient(server)
      _ = try client.request(#"{"type":"register_request","version":"0.24.2","releases_blobs":true}"#)
      let id = try createBlob(client, size: 9_000_000)
      _ = try client.request("{\"type\":\"seal_request\",\"object_id\":\(id)}")
      _ = try client.request("{\"type\":\"get_buffers_request\",\"ids\":[\(id)]}")
      _ = try client.request("{\"type\":\"del_data_request\",\"id\":[\(id)]}")
      #expect(try client.request("{\"type\":\"create_buffer_request\",\"size\":9000000}")["code"] == .number("41"))
      _ = try client.request("{\"type\":\"release_request\",\"object_id\":\(id)}")
      #expect(try memory() == [0, 0])
    }

    @Test("a reader keeps seeing its bytes although the blob is deleted and the memory asked for")
    func protection() throws {
      let writer = try WireClient.registered(server)
      let created = try writer.request(#"{"type":"create_buffer_request","size":4096}"#)
      let (offset, length) = try place(created["created"])
      let id = try #require(created["id"]?.integer)
      try withMapping(writer.receiveArena(), length) { memory in
        memory[offset] = 42
        _ = try writer.request("{\"type\":\"seal_request\",\"object_id\":\(id)}")
        let reader = try WireClient.registered(server)
        try read(reader, id)
        _ = try writer.request(#"{"type":"clear_request"}"#)
        for _ in 0..<50 {
          let other = try writer.request(#"{"type":"create_buffer_request","size":4096}"#)
          memory[try place(other["created"]).offset] = 1
        }
        #expect(memory[offset] == 42)
      }
    }

    @Test("a writer whose blob another client drops keeps its bytes to itself")
    func droppedWhileWritten() throws {
      let writer = try WireClient.registered(server)
      let id = try createBlob(writer, size: 1000)
      let other = try WireClient.registered(server)
      #expect(try other.request("{\"type\":\"drop_buffer_request\",\"id\":\(id)}")["code"] == nil)
      #expect(try memory() == [0, 1000])
      writer.close()
      try server.waitUntil("the writer is gone") { $0.store.memory.retained == 0 }
    }

    @Test("a thousand clients in a row leave nothing")
    func many() throws {
      let before = try ServerDescriptors(of: server)
      for index in 0..<1000 {
        let client = try WireClient.registered(server, index % 3 == 0 ? .rpc : .ipc)
        _ = try client.request(#"{"type":"create_buffer_request","size":5000}"#)
        if index % 2 == 0 { client.abort() }
      }
      try server.waitUntil("they are gone") { $0.connections.isEmpty }
      #expect(try memory() == [0, 0])
      #expect(try server.onLoop { $0.store.inconsistencies() } == [])
      #expect(try ServerDescriptors(of: server) == before)
    }
  }
}
