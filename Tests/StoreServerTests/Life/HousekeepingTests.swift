import Glibc
import HTTPEndpoint
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("keeping house")
  struct HousekeepingTests {
    @Test("a main socket that somebody removes is noticed, told and made anew, with its directory")
    func lostSocket() throws {
      let server = try RunningServer { $0.socketPath += ".d/sub/vineyard.sock" }
      let before = try WireClient.registered(server)
      #expect(try server.onLoop { $0.readiness.status } == 200)
      try server.onLoop { $0.loop.timers = TimerQueue() }
      unlink(server.socketPath)
      let directory = String(server.socketPath.dropLast("/vineyard.sock".count))
      rmdir(directory)
      #expect(
        try server.onLoop { server in
          let lost = server.readiness
          server.runHousekeeping()
          return [lost.status, server.readiness.status]
        } == [503, 200])
      #expect(try WireClient.registered(server).request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
      #expect(try before.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
      #expect(server.log.contains { $0.contains("somebody has removed \(server.socketPath): it is made anew") })
    }

    @Test("what is not a socket is left alone, and said once")
    func somethingElse() throws {
      let server = try RunningServer()
      unlink(server.socketPath)
      let file = open(server.socketPath, O_CREAT | O_WRONLY, 0o600)
      close(file)
      let answer = try server.onLoop { server in
        for _ in 0..<3 { server.runHousekeeping() }
        return server.readiness.text
      }
      #expect(answer.contains("exists and is not a socket"))
      #expect(server.log.filter { $0.contains("cannot be made anew") }.count == 1)
      unlink(server.socketPath)
      try server.waitUntil("it is served again") { $0.readiness.status == 200 }
    }

    @Test("pages that were spare for a whole window go back although clients come and ask all the time")
    func idlePages() throws {
      let server = try RunningServer {
        $0.memoryLimit = 256 * mebibyte
        $0.populate = .ahead
      }
      let reserve = try server.onLoop { Int($0.store.configuration.reserve / Residency.blockSize) }
      let client = try WireClient.registered(server)
      let created = try client.request(#"{"type":"create_buffer_request","size":209715200}"#)
      try closeFile(client.receiveArena())
      let id = try #require(created["id"]?.integer)
      _ = try client.request("{\"type\":\"drop_buffer_request\",\"id\":\(id)}")
      #expect(try server.onLoop { $0.store.memory.residency.spareBlocks } > reserve)
      // What becomes spare within the window stays for another.
      try server.waitUntil("no pages are on their way") {
        $0.store.memory.residency.spareBlocks == $0.store.memory.residency.committedBlocks
      }
      try server.onLoop { server in
        server.loop.timers = TimerQueue()
        server.pages.giveBackIdle()
      }
      for _ in 0..<20 { _ = try WireClient.registered(server).request(#"{"type":"list_data_request","pattern":"*"}"#) }
      try server.onLoop { $0.pages.giveBackIdle() }
      try server.waitUntil("they are back") {
        $0.store.memory.residency.spareBlocks == reserve && $0.store.memory.residency.committedBlocks == reserve
      }
    }

    @Test("pages that work needs again and again stay")
    func busyPages() throws {
      let server = try RunningServer {
        $0.memoryLimit = 256 * mebibyte
        $0.populate = .ahead
      }
      let client = try WireClient.registered(server)
      try server.onLoop { server in
        server.loop.timers = TimerQueue()
        server.pages.giveBackIdle()
      }
      for _ in 0..<3 {
        let created = try client.request(#"{"type":"create_buffer_request","size":209715200}"#)
        if created["fd"] != .number("-1") { try closeFile(client.receiveArena()) }
        let id = try #require(created["id"]?.integer)
        _ = try client.request("{\"type\":\"drop_buffer_request\",\"id\":\(id)}")
        try server.onLoop { $0.pages.giveBackIdle() }
      }
      #expect(try server.onLoop { $0.pages.releasedBytes } == 0)
      #expect(try server.onLoop { $0.store.memory.residency.spareBlocks } >= 100)
    }

    @Test("a probe that connects does not bring back what was trimmed; a write does")
    func probeAfterTrim() throws {
      let server = try RunningServer {
        $0.memoryLimit = 256 * mebibyte
        $0.populate = .ahead
      }
      try server.waitUntil("the reserve is warm") { $0.store.memory.residency.spareBlocks >= 32 }
      let client = try WireClient.registered(server)
      _ = try client.request(#"{"type":"memory_trim_request"}"#)
      for _ in 0..<5 { _ = try WireClient.registered(server) }
      #expect(try server.onLoop { $0.store.memory.residency.committedBytes } == 0)
      _ = try client.request(#"{"type":"create_buffer_request","size":64}"#)
      try server.waitUntil("the reserve is warm again") { $0.store.memory.residency.spareBlocks >= 32 }
    }
  }
}
