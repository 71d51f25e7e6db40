import Glibc
import StoreClient
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("hostile messages")
  struct FrameFuzzTests {
    static let seed = environmentNumber("VINEYARD_FUZZ_SEED") ?? 20_261_123
    static let frames = environmentNumber("VINEYARD_FUZZ_FRAMES") ?? 20_000

    @Test("any bytes get one proper reply or the end of the connection, and nothing is lost")
    func fuzz() throws {
      let server = try RunningServer { try? $0.writeAdminToken(KnownIDs.adminToken) }
      // The directory of volumes stays open once there was one.
      let opener = try WireClient.registered(server)
      _ = try opener.request(#"{"type":"open_volume_request","id":"v"}"#)
      _ = try opener.request(#"{"type":"delete_volume_request","id":"v"}"#)
      opener.close()
      try server.waitUntil("the client is gone") { $0.connections.isEmpty }
      let before = try ServerDescriptors(of: server)
      let start = ContinuousClock.now
      let fuzzer = FrameFuzzer(server, seed: Self.seed)
      do {
        try fuzzer.run(frames: Int(Self.frames))
        try fuzzer.deleteSessions()
        try fuzzer.deleteVolumes()
        print("\(fuzzer.frames) messages in \(ContinuousClock.now - start)")
        try expectNothingLost(server, before)
        try expectNormalClientWorks(server)
        try expectNothingLost(server, before)
      } catch {
        let environment = "VINEYARD_FUZZ_SEED=\(Self.seed) VINEYARD_FUZZ_FRAMES=\(Self.frames)"
        Issue.record("\(error)\nreplay: \(environment) swift test --filter FrameFuzzTests")
      }
    }

    private static func environmentNumber(_ name: String) -> UInt64? {
      getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// Once all clients are gone and everything is cleared, the server is as it was.
    private func expectNothingLost(_ server: RunningServer, _ before: ServerDescriptors) throws {
      try server.waitUntil("all clients are gone") { $0.connections.isEmpty }
      try withExtendedLifetime(WireClient.registered(server)) { client in
        #expect(try client.requestText(#"{"type":"clear_request"}"#) == #"{"type":"clear_reply"}"#)
        let status = try client.request(#"{"type":"instance_status_request"}"#)["meta"]
        #expect(status?["memory_usage"]?.integer == 0)
        #expect(status?["deferred_requests"]?.integer == 0)
        #expect(status?["ipc_connections"]?.integer == 1)
        #expect(status?["rpc_connections"]?.integer == 0)
      }
      try server.waitUntil("the last client is gone") { $0.connections.isEmpty }
      #expect(try server.onLoop { $0.store.inconsistencies() } == [])
      #expect(try server.onLoop { $0.store.memory.retained } == 0)
      #expect(try server.onLoop { $0.store.sessions.count } == 1)
      #expect(try server.onLoop { $0.handler.parkedRequests } == 0)
      #expect(try server.onLoop { $0.heldReplies.count + $0.endingSessions.count } == 0)
      #expect(try ServerDescriptors(of: server) == before)
    }

    /// Writes a blob through shared memory, describes it, reads it from another connection and deletes it.
    private func expectNormalClientWorks(_ server: RunningServer) throws {
      let writer = try StoreClient(path: server.socketPath)
      try writer.register()
      let created = try parsed(writer.request(#"{"type":"create_buffer_request","size":100000}"#))
      let (offset, length) = try place(created["created"])
      try withMapping(writer.receiveDescriptor(), length) { $0[offset + 99_999] = 42 }
      let blob = try #require(created["id"]?.integer)
      #expect(try writer.request("{\"type\":\"seal_request\",\"object_id\":\(blob)}") == #"{"type":"seal_reply"}"#)
      let member = #"{"id":"o\#(String(blob, radix: 16))","typename":"vineyard::Blob"}"#
      let content = #"{"typename":"t","instance_id":0,"b":\#(member)}"#
      let object = try parsed(writer.request("{\"type\":\"create_data_request\",\"content\":\(content)}"))

      let reader = try StoreClient(path: server.socketPath)
      try reader.register()
      let read = try parsed(reader.request("{\"type\":\"get_buffers_request\",\"num\":1,\"0\":\(blob)}"))
      #expect(try place(read["payloads"]?[0]).offset == offset)
      try withMapping(reader.receiveDescriptor(), length) { #expect($0[offset + 99_999] == 42) }
      let id = try #require(object["id"]?.integer)
      let delete = "{\"type\":\"del_data_request\",\"id\":[\(id)],\"deep\":true}"
      #expect(try writer.request(delete) == #"{"type":"del_data_reply"}"#)
      #expect(try parsed(reader.request("{\"type\":\"exists_request\",\"id\":\(blob)}"))["exists"] == .bool(false))
    }

    private func parsed(_ reply: String) throws -> JSON { try #require(JSON(Array(reply.utf8))) }
  }
}

/// Where a payload lies in the mapping clients make: the byte offset, and the length to map.
func place(_ payload: JSON?) throws -> (offset: Int, length: Int) {
  guard let offset = payload?["data_offset"]?.integer, let size = payload?["map_size"]?.integer, size > 8 else {
    throw TestFailure("not a payload: \(String(describing: payload))")
  }
  return (Int(offset), Int(size) - 8)
}

/// Maps a memory file as clients do and closes the descriptor.
func withMapping(_ file: CInt, _ length: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
  defer { close(file) }
  let address = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
  guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else {
    throw TestFailure("mmap of \(length) bytes: errno \(errno)")
  }
  defer { munmap(address, length) }
  try body(UnsafeMutableRawBufferPointer(start: address, count: length))
}
