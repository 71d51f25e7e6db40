import Glibc
import StoreCore
import Support
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("sessions")
  struct SessionTests {
    let server: RunningServer
    let root: WireClient

    init() throws {
      server = try RunningServer()
      root = try WireClient.registered(server)
    }

    private func open() throws -> String {
      try #require(try root.request(#"{"type":"new_session_request","bulk_store_type":1}"#)["socket_path"]?.text)
    }

    private func id(_ path: String) throws -> UInt64 { try #require(UInt64(path.suffix(16), radix: 16)) }

    @Test("a session has a socket of its own, its own objects, and the memory of all")
    func isolation() throws {
      let path = try open()
      #expect(path == server.socketPath + ".S" + path.suffix(16))
      let inside = try WireClient(server, path: path)
      let registered = try inside.request(WireClient.register)
      let session = try id(path)
      #expect(registered["session_id"]?.integer == session)
      #expect(registered["rpc_endpoint"] == .string("0.0.0.0:0"))
      let blob = try #require(inside.request(#"{"type":"create_buffer_request","size":1000}"#)["id"]?.integer)
      let exists = "{\"type\":\"exists_request\",\"id\":\(blob)}"
      #expect(try root.request(exists)["exists"] == .bool(false))
      let status = try root.request(#"{"type":"instance_status_request"}"#)["meta"]
      #expect(status?["memory_usage"] == .number("1000"))
    }

    @Test("a deleted session's socket goes with the reply, its memory with its last client")
    func deletion() throws {
      let path = try open()
      let first = try WireClient.registered(server, path: path)
      let second = try WireClient.registered(server, path: path)
      let blob = try second.request(#"{"type":"create_buffer_request","size":1000}"#)["id"]?.integer ?? 0
      try closeFile(second.receiveArena())
      _ = try second.request("{\"type\":\"seal_request\",\"object_id\":\(blob)}")
      #expect(try first.requestText(#"{"type":"delete_session_request"}"#) == #"{"type":"delete_session_reply"}"#)
      #expect(access(path, F_OK) != 0)
      #expect(try first.isClosedSilently())
      #expect(try second.request("{\"type\":\"exists_request\",\"id\":\(blob)}")["exists"] == .bool(true))
      #expect(try server.onLoop { $0.store.sessions.count } == 2)
      second.close()
      try server.waitUntil("the session is removed") { $0.store.sessions.count == 1 && $0.store.memory.used == 0 }
    }

    @Test("[Error] the root session cannot be deleted")
    func rootStays() throws {
      #expect(try root.request(#"{"type":"delete_session_request"}"#)["code"] == .number("1"))
      #expect(try root.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
    }

    @Test("RPC clients choose their session when they register; an unknown one is refused")
    func remote() throws {
      let session = try id(open())
      let client = try WireClient(server, .rpc)
      #expect(
        try client.requestText(#"{"type":"register_request","session_id":171}"#)
          == #"{"code":1,"message":"Session (sid = S00000000000000ab) not exit"}"#)
      let reply = try client.request("{\"type\":\"register_request\",\"session_id\":\(session)}")
      #expect(reply["session_id"]?.integer == session)
    }

    @Test("a deleted session is removed although its last client is still there, in another session")
    func movedAway() throws {
      let path = try open()
      let client = try WireClient(server, .rpc)
      _ = try client.request("{\"type\":\"register_request\",\"session_id\":\(try id(path))}")
      let inside = try WireClient.registered(server, path: path)
      _ = try inside.request(#"{"type":"delete_session_request"}"#)
      #expect(try server.onLoop { $0.store.sessions.count } == 2)
      #expect(try client.request(WireClient.register)["session_id"] == .number("0"))
      #expect(try server.onLoop { $0.store.sessions.count } == 1)
      #expect(try server.onLoop { $0.endingSessions.count } == 0)
    }

    @Test("a session ends with its last connection, whether or not anybody deletes it")
    func lastConnection() throws {
      let path = try open()
      let first = try WireClient.registered(server, path: path)
      let second = try WireClient(server, .rpc)
      _ = try second.request("{\"type\":\"register_request\",\"session_id\":\(try id(path))}")
      _ = try first.sealedBlob(1000)
      first.close()
      try server.waitUntil("the first is gone") { $0.connections.count == 2 }
      #expect(try server.onLoop { $0.store.sessions.count } == 2)
      second.close()
      try server.waitUntil("the session is gone") { $0.store.sessions.count == 1 }
      #expect(access(path, F_OK) != 0)
      #expect(try server.onLoop { $0.store.memory.used } == 0)
    }

    @Test("a session that nobody connects to ends after a while, one that somebody uses does not")
    func grace() throws {
      let server = try RunningServer { $0.sessionGrace = TimeSpan(nanoseconds: 1_000_000) }
      let root = try WireClient.registered(server)
      for _ in 0..<3 { _ = try root.request(#"{"type":"new_session_request"}"#) }
      try server.waitUntil("they are gone") { $0.store.sessions.count == 1 && $0.listeners.count == 2 }
      #expect(server.log.contains { $0.contains("nobody has connected to it in time") })
      #expect(fileNames(in: server.directory).count == 1)
    }

    @Test("[Error] one client makes more sessions than are given to one; when one of them ends it may again")
    func tooMany() throws {
      let paths = try (0..<64).map { _ in try open() }
      let refused = try root.request(#"{"type":"new_session_request"}"#)
      #expect(refused["code"]?.integer == 1 && refused["message"]?.text?.contains("has 64 sessions") == true)
      #expect(try server.onLoop { $0.store.sessions.count } == 65)
      _ = try WireClient.registered(server, path: paths[0]).request(#"{"type":"delete_session_request"}"#)
      _ = try open()
      let remote = try WireClient(server, .rpc)
      _ = try remote.request(WireClient.register)
      #expect(try remote.request(#"{"type":"new_session_request"}"#)["socket_path"] != nil)
    }

    @Test("hundreds of sessions come and go without a trace")
    func many() throws {
      let before = try ServerDescriptors(of: server)
      for _ in 0..<200 {
        let inside = try WireClient.registered(server, path: open())
        _ = try inside.request(#"{"type":"create_buffer_request","size":1000}"#)
        try closeFile(inside.receiveArena())
        _ = try inside.request(#"{"type":"delete_session_request"}"#)
      }
      try server.waitUntil("they are gone") { $0.store.sessions.count == 1 && $0.connections.count == 1 }
      #expect(fileNames(in: server.directory).count == 1)
      #expect(try server.onLoop { $0.store.memory.used } == 0)
      #expect(try ServerDescriptors(of: server) == before)
    }
  }
}
