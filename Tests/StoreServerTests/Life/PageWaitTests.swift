import Dispatch
import Glibc
import SharedMemory
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("pages ahead of the first write")
  struct PageWaitTests {
    let server: RunningServer

    /// 256 MiB, of which 64 MiB are kept warm.
    init() throws {
      server = try RunningServer {
        $0.memoryLimit = 256 * mebibyte
        $0.populate = .ahead
      }
    }

    private func waitForReserve() throws {
      try server.waitUntil("the reserve is warm") { $0.store.memory.residency.spareBlocks >= 32 }
    }

    @Test("a blob larger than the warm reserve is announced once all of its pages are there")
    func cold() throws {
      let client = try WireClient.registered(server)
      let created = try client.request(#"{"type":"create_buffer_request","size":209715200}"#)
      let file = try client.receiveArena()
      var status = stat()
      #expect(fstat(file, &status) == 0 && UInt64(status.st_blocks) * 512 >= 200 * mebibyte)
      let (offset, length) = try place(created["created"])
      try withMapping(file, length) { memory in
        memory[offset] = 1
        memory[offset + 209_715_199] = 2
      }
      #expect(try server.onLoop { $0.heldReplies.isEmpty })
    }

    @Test("remote blobs wait too, and bytes pipelined behind the request stay in order")
    func remote() throws {
      let client = try WireClient.registered(server, .rpc)
      let size = 100 << 20
      try client.sendFrame("{\"type\":\"create_remote_buffer_request\",\"size\":\(size)}")
      let bytes = [UInt8](repeating: 7, count: size)
      try client.send(bytes)
      let announced = try #require(try client.receiveReply())
      #expect(try client.receiveReply() == announced)
      let id = try #require(announced["id"]?.integer)
      _ = try client.request("{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}")
      #expect(try client.receive(size) == bytes)
    }

    @Test("many clients that want cold memory at once all get theirs, the others are served meanwhile")
    func crowd() throws {
      let clients = try (0..<8).map { _ in try WireClient.registered(server) }
      for client in clients { try client.sendFrame(#"{"type":"create_buffer_request","size":31457280}"#) }
      let bystander = try WireClient.registered(server)
      #expect(try bystander.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
      for client in clients {
        #expect(try client.receiveReply()?["type"] == .string("create_buffer_reply"))
        try closeFile(client.receiveArena())
      }
      #expect(try server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("a client that leaves while its pages are made leaves nothing")
    func leaving() throws {
      for kind in [WireClient.Kind.ipc, .rpc] {
        let client = try WireClient.registered(server, kind)
        let type = kind == .ipc ? "create_buffer_request" : "create_remote_buffer_request"
        try client.sendFrame("{\"type\":\"\(type)\",\"size\":209715200}")
        client.abort()
        try server.waitUntil("it is gone") { $0.connections.isEmpty && $0.store.memory.used == 0 }
        try server.waitUntil("nobody waits") { $0.heldReplies.isEmpty }
      }
      #expect(try server.onLoop { $0.store.inconsistencies() } == [])
    }

    /// Takes the blob away that a held reply announces; tries again while there is none.
    @Sendable private static func takeAway(_ server: StoreServer) {
      let store = server.store
      guard let blob = store.liveRanges(in: store.root).first?.id else { return server.mailbox.post(takeAway) }
      let other = store.connect(to: store.root)
      try? store.seal(blob, by: other)
      try? store.dropBlob(blob, by: other)
      store.disconnect(other)
    }

    @Test("given a reply that waits for pages, when others delete its blob, then it is given all the same")
    func deletedMeanwhile() throws {
      let client = try WireClient.registered(server)
      let gate = DispatchSemaphore(value: 0)
      // While the loop is held, request and deletion come up for the same turn.
      server.post { _ in gate.wait() }
      try client.sendFrame(#"{"type":"create_buffer_request","size":209715200}"#)
      server.post(Self.takeAway)
      gate.signal()
      #expect(try client.receiveReply()?["type"] == .string("create_buffer_reply"))
      #expect(try server.onLoop { $0.heldReplies.isEmpty && $0.store.memory.used == 0 })
      #expect(try server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("memory_trim is answered once the pages are given back")
    func trim() throws {
      try waitForReserve()
      let client = try WireClient.registered(server)
      #expect(
        try client.requestText(#"{"type":"memory_trim_request"}"#) == #"{"trimmed":true,"type":"memory_trim_reply"}"#)
      #expect(try server.onLoop { $0.store.memory.residency.committedBytes } == 0)
      #expect(try server.onLoop { (try? $0.arena.allocatedBytes()) ?? .max } < mebibyte)
    }

    @Test("memory_trim is answered although a client comes at the same time, for whom the reserve stays")
    func trimAndConnect() throws {
      try waitForReserve()
      let client = try WireClient.registered(server)
      let gate = DispatchSemaphore(value: 0)
      // While the loop is held, both events come up for the same turn.
      server.post { _ in gate.wait() }
      try client.sendFrame(#"{"type":"memory_trim_request"}"#)
      let other = try WireClient(server)
      gate.signal()
      #expect(try client.receiveReply()?["type"] == .string("memory_trim_reply"))
      #expect(try other.request(WireClient.register)["type"] == .string("register_reply"))
    }

    @Test("with everything populated at the start, nothing is left to do")
    func all() throws {
      let server = try RunningServer { $0.populate = .all }
      #expect(try server.onLoop { (try? $0.arena.allocatedBytes()) ?? 0 } >= 16 * mebibyte)
      let client = try WireClient.registered(server)
      _ = try client.request(#"{"type":"create_buffer_request","size":16777216}"#)
      try closeFile(client.receiveArena())
      #expect(try client.requestText(#"{"type":"memory_trim_request"}"#).contains(#""trimmed":false"#))
    }
  }
}
