import Glibc
import StoreCore
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("deleting a volume that is in use")
  struct VolumeDeletionTests {
    let fixture: VolumeFixture

    init() throws {
      fixture = try VolumeFixture()
      try fixture.open("v")
    }

    private func delete() throws {
      #expect(try fixture.ask("delete_volume", "v")["deleted"] == .bool(true))
      #expect(try fixture.server.onLoop { $0.store.memory.used } == 0)
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
      #expect(fixture.volumeNames.isEmpty)
    }

    private func expectNobodyLeft() throws {
      try fixture.server.waitUntil("only the main client is left") { $0.connections.count == 1 }
      #expect(try fixture.server.onLoop { $0.store.memory.retained } == 0)
      #expect(try fixture.server.onLoop { $0.heldReplies.count + $0.handler.parkedRequests } == 0)
    }

    @Test("clients read the end of the stream; nothing is retained for them, and its files end")
    func idle() throws {
      let client = try fixture.client(of: "v")
      let blob = try client.sealedBlob(100_000)
      _ = try client.request("{\"type\":\"get_buffers_request\",\"ids\":[\(blob)]}")
      try delete()
      #expect(try client.isClosedSilently())
      #expect(try fixture.server.onLoop { $0.store.memory.retained } == 0)
      try fixture.server.waitUntil("the volume's file is gone") { !$0.store.hasFile(2) }
      // What it still says is not answered and does not disturb anybody.
      try client.sendFrame(#"{"type":"create_buffer_request","size":5}"#)
      #expect(try fixture.main.request(#"{"type":"list_volumes_request"}"#)["volumes"]?.elements.isEmpty == true)
      client.close()
      try expectNobodyLeft()
    }

    @Test("a parked request is given up")
    func parked() throws {
      let client = try fixture.client(of: "v")
      try client.sendFrame(#"{"type":"get_name_request","name":"never","wait":true}"#)
      try fixture.server.waitUntil("the request is parked") { $0.handler.parkedRequests == 1 }
      try delete()
      #expect(try client.isClosedSilently())
      client.close()
      try expectNobodyLeft()
    }

    @Test("raw bytes on their way end with the connection")
    func transferring() throws {
      let client = try fixture.client(of: "v")
      _ = try client.request(#"{"type":"create_remote_buffer_request","size":100000}"#)
      try client.send([UInt8](repeating: 1, count: 1000))
      try fixture.server.waitUntil("the transfer has begun") { server in
        server.connections.values.contains { if case .transferring = $0.state { true } else { false } }
      }
      try delete()
      try expectNobodyLeft()
    }

    @Test("clients of a volume of scope cluster lose the connection, not what others wrote")
    func cluster() throws {
      try fixture.open("c", #""scope":"cluster""#)
      let client = try fixture.client(of: "c")
      let ours = try client.sealedBlob(1000)
      let theirs = try fixture.main.sealedBlob(500)
      #expect(try client.exists(theirs))
      #expect(try fixture.ask("delete_volume", "c")["deleted"] == .bool(true))
      #expect(try client.isClosedSilently())
      #expect(try !fixture.main.exists(ours) && fixture.main.exists(theirs))
    }

    @Test("another volume of the same id starts from nothing while clients of the first are still there")
    func again() throws {
      let client = try fixture.client(of: "v")
      let blob = try client.sealedBlob(1000)
      try delete()
      try fixture.open("v")
      let next = try fixture.client(of: "v")
      #expect(try !next.exists(blob))
      #expect(try fixture.record("v")?["connections"]?.integer == 1)
      #expect(try client.isClosedSilently())
      client.close()
      try fixture.server.waitUntil("the old client is gone") { $0.connections.count == 2 }
      #expect(try fixture.record("v")?["connections"]?.integer == 1)
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
    }
  }
}
