import Glibc
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("volumes and a slow or broken disk")
  struct VolumeDiskTests {
    let fixture: VolumeFixture

    init() throws {
      fixture = try VolumeFixture()
      try fixture.open("other")
    }

    /// Puts something in the way of a document that it cannot replace.
    private func breakDocument(_ id: String) throws {
      unlink(fixture.documentPath(id))
      guard mkdir(fixture.documentPath(id), 0o700) == 0 else { throw TestFailure("mkdir: errno \(errno)") }
    }

    /// Keeps the disk worker busy until the result is given.
    private func holdUpDisk() throws -> Handoff<Void> {
      let gate = Handoff<Void>()
      try fixture.server.onLoop { server in
        _ = server.jobs.start {
          try? gate.take()
        } finish: { _, _, _ in
        }
      }
      return gate
    }

    private func waitForDisk() throws { try fixture.server.waitUntil("the disk rests") { $0.jobs.count == 0 } }

    private func send(_ request: String, _ fields: String = "") throws -> WireClient {
      let client = try WireClient.registered(fixture.server)
      try client.sendFrame("{\"type\":\"\(request)_request\",\"id\":\"v\"\(fields)}")
      return client
    }

    @Test("[Error] a volume whose document cannot be written is not there afterwards")
    func failedOpening() throws {
      try breakDocument("v")
      let reply = try fixture.ask("open_volume", "v")
      #expect(reply["code"]?.integer == 4)
      #expect(reply["message"]?.text?.contains("volume 'v' cannot be opened: cannot write") == true)
      #expect(fixture.volumeNames == ["other"])
      #expect(try fixture.ask("inspect_volume", "v")["code"]?.integer == 12)
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
      #expect(try fixture.server.onLoop { $0.listeners.values.count { $0.volume != nil } } == 2)
      rmdir(fixture.documentPath("v"))
      try fixture.open("v")
      _ = try fixture.client(of: "v").sealedBlob(10)
    }

    @Test("that is so although the client that asked has gone")
    func failedOpeningForNobody() throws {
      try breakDocument("v")
      let gate = try holdUpDisk()
      let client = try send("open_volume")
      try fixture.server.waitUntil("the volume is there for now") { $0.store.volumes["v"] != nil }
      client.close()
      try fixture.server.waitUntil("the client is gone") { $0.connections.count == 1 }
      gate.give(())
      try fixture.server.waitUntil("the volume is gone") { $0.store.volumes["v"] == nil && $0.heldReplies.isEmpty }
      #expect(fixture.volumeNames == ["other"])
    }

    @Test("[Error] a change that cannot be written is taken back")
    func failedChange() throws {
      try fixture.open("v", #""quota":65536"#)
      try breakDocument("v")
      for (request, fields) in [
        ("resize_volume", #""quota":131072"#), ("resize_volume", #""quota":4096,"on_delete":"retain""#),
        ("freeze_volume", #""frozen":true"#),
      ] {
        let reply = try fixture.ask(request, "v", fields)
        #expect(reply["code"]?.integer == 4)
        #expect(reply["message"]?.text?.contains("volume 'v' cannot be changed") == true)
      }
      let record = try fixture.record("v")
      #expect(record?["quota"]?.integer == 65536 && record?["frozen"] == .bool(false))
      #expect(record?["on_delete"]?.text == "delete")
      #expect(try fixture.ask("delete_volume", "v")["message"]?.text?.contains("cannot be deleted") == true)
      _ = try fixture.client(of: "v").sealedBlob(10)
    }

    @Test("requests about a volume have their turns, those about others and of others go on")
    func order() throws {
      let gate = try holdUpDisk()
      let clients = [
        try send("open_volume"), try send("delete_volume"), try send("open_volume", #","quota":4096"#),
        try send("inspect_volume"), try send("freeze_volume", #","frozen":true"#),
      ]
      try fixture.server.waitUntil("all wait") { $0.heldReplies.count == 5 && $0.handler.parkedRequests == 4 }
      #expect(try fixture.main.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
      gate.give(())
      #expect(try clients[0].receiveReply()?["volume"]?["quota"]?.integer == 0)
      #expect(try clients[1].receiveReply()?["deleted"] == .bool(true))
      #expect(try clients[2].receiveReply()?["volume"]?["quota"]?.integer == 4096)
      #expect(try clients[3].receiveReply()?["volume"]?["frozen"] == .bool(false))
      #expect(try clients[4].receiveReply()?["volume"]?["frozen"] == .bool(true))
      #expect(try fixture.server.onLoop { $0.heldReplies.isEmpty })
    }

    @Test("what is written first while a volume is changed is noted on disk when it is changed")
    func firstWrite() throws {
      try fixture.open("v")
      let client = try fixture.client(of: "v")
      let gate = try holdUpDisk()
      let changing = try send("resize_volume", #","quota":65536"#)
      try fixture.server.waitUntil("it waits") { $0.heldReplies.count == 1 }
      _ = try client.sealedBlob(10)
      gate.give(())
      #expect(try changing.receiveReply()?["volume"]?["quota"]?.integer == 65536)
      try waitForDisk()
      let document = try text(fixture.documentPath("v"))
      #expect(document.contains(#""written":true"#) && document.contains(#""quota":65536"#))
    }

    @Test("a deletion leaves no document, whatever was written just before")
    func lateWrite() throws {
      try fixture.open("v")
      let client = try fixture.client(of: "v")
      let gate = try holdUpDisk()
      let deleting = try send("delete_volume")
      try fixture.server.waitUntil("it waits") { $0.heldReplies.count == 1 }
      _ = try client.sealedBlob(10)
      gate.give(())
      #expect(try deleting.receiveReply()?["deleted"] == .bool(true))
      try waitForDisk()
      #expect(access(fixture.documentPath("v"), F_OK) != 0 && fixture.volumeNames == ["other"])
    }

    @Test("a store that stops finishes what it has begun, and answers it")
    func stop() throws {
      let gate = try holdUpDisk()
      let client = try send("open_volume")
      try fixture.server.waitUntil("it waits") { $0.heldReplies.count == 1 }
      fixture.server.beginStop()
      gate.give(())
      #expect(try client.receiveReply()?["volume"]?["id"]?.text == "v")
      try fixture.server.stop()
      #expect(access(fixture.documentPath("v"), F_OK) == 0)
      try fixture.restart()
      #expect(try fixture.record("v") != nil)
    }

    @Test("the token is read for each request over TCP, also when a slow disk keeps it")
    func token() throws {
      let client = try WireClient.registered(fixture.server, .rpc)
      let gate = try holdUpDisk()
      try client.sendFrame(#"{"type":"inspect_volume_request","id":"other","admin_token":"secret"}"#)
      try client.sendFrame(#"{"type":"inspect_volume_request","id":"other","admin_token":"wrong"}"#)
      try fixture.server.waitUntil("it waits") { $0.heldReplies.count == 1 }
      gate.give(())
      #expect(try client.receiveReply()?["volume"]?["id"]?.text == "other")
      #expect(try client.receiveReply()?["code"]?.integer == 34)
      // A message that is read in steps waits as well.
      let text = String(repeating: "x", count: 65_000)
      let attributes = "\"attributes\":{\"a\":\"\(text)\"},\"pad\":\"\(text)\""
      let open = "{\"type\":\"open_volume_request\",\"id\":\"long\",\"admin_token\":\"secret\",\(attributes)}"
      #expect(try client.request(open)["volume"]?["id"]?.text == "long")
    }

    private func text(_ path: String) throws -> String {
      let file = open(path, O_RDONLY)
      guard file >= 0 else { throw TestFailure("cannot open \(path): errno \(errno)") }
      defer { close(file) }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(file, &bytes, bytes.count)
      return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
  }
}
