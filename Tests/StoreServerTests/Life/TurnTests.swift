import StoreCore
import StoreProtocol
import Testing

@testable import StoreServer

extension StoreServerTests {
  /// How much work one turn of the loop does for the worst requests of one client: counted, not timed.
  @Suite("turns of the loop")
  struct TurnTests {
    /// Units of work in about 10 ms, well below the 50 ms that no turn may exceed on a slow machine.
    static let allowed: UInt64 = 10_000_000

    @Test("the worst request of 1 MiB of every type is cut into turns, and so is what its client leaves behind")
    func worst() throws {
      let world = try HostileWorld()
      for type in RequestType.allCases.sorted(by: { !$0.destroys && $1.destroys }) {
        let message = try world.worst(type)
        try world.server.onLoopAndForget { $0.turns = TurnMetrics() }
        try world.attack(message)
        // Others are served meanwhile.
        #expect(try world.bystander.request(#"{"type":"instance_status_request"}"#)["meta"] != nil)
        try world.replaceClient()
        try world.server.waitUntil("all is given back") { !$0.hasWork && $0.connections.count == 2 }
        let work = try world.server.onLoop { $0.turns.mostWork }
        #expect(work <= Self.allowed, "\(type.rawValue): \(work) units")
        #expect(work > StoreServer.slice / 4, "\(type.rawValue) is not the worst: \(work) units")
      }
      #expect(try world.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("a client that sends one short request after the other without reading leaves turns to others")
    func pipelined() throws {
      let world = try HostileWorld()
      let request = StoreFrame.bytes(#"{"type":"exists_request","id":1}"#)
      try world.client.send(Array(repeatElement(request, count: 1000).joined()))
      for _ in 0..<1000 { _ = try world.client.receiveText() }
      #expect(try world.server.onLoop { $0.turns.mostWork } <= Self.allowed)
    }

    @Test("while a long request is done, others are answered")
    func between() throws {
      let world = try HostileWorld()
      try world.client.sendFrame(try world.worst(.label))
      var answered = 0
      while !world.client.isReadable(within: 0), answered < 1000 {
        #expect(try world.bystander.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
        answered += 1
      }
      #expect(answered > 2)
      #expect(try world.client.receiveReply()?["type"] == .string("label_reply"))
    }

    @Test("a client that leaves in the middle of making objects leaves none of them, and nothing they hold")
    func leaving() throws {
      let world = try HostileWorld()
      let member = world.object
      let before = try world.server.onLoop { $0.store.root.objectCount }
      let members = (0..<20_000).map {
        "\"m\($0)\":{\"id\":\"o\($0 + 0x100000)\",\"typename\":\"t\",\"instance_id\":0}"
      }
      try world.client.sendFrame(
        "{\"type\":\"create_data_request\",\"content\":{\"typename\":\"t\",\"instance_id\":0,"
          + "\"a\":{\"id\":\"\(ObjectID(member))\"},\(members.joined(separator: ","))}}")
      try world.server.waitUntil("some are made") { $0.store.root.objectCount > before + 100 }
      world.client.close()
      try world.server.waitUntil("all are taken back") { !$0.hasWork && $0.store.root.objectCount == before }
      #expect(try world.server.onLoop { $0.store.inconsistencies() } == [])
      let deleted = try world.bystander.request(
        "{\"type\":\"del_data_request\",\"id\":[\(member)],\"force\":false,\"deep\":true,\"fastpath\":false,"
          + "\"memory_trim\":false}")
      #expect(deleted["code"] == nil)
      #expect(try world.server.onLoop { !$0.store.exists(ObjectID(member), in: $0.store.root) })
    }

    @Test("a copy of a volume with many blobs is made in turns, and told of when it is complete")
    func copies() throws {
      let world = try HostileWorld()
      _ = try world.bystander.request(#"{"type":"open_volume_request","id":"v"}"#)
      let writer = try WireClient.registered(
        world.server, path: "\(world.server.directory)/volumes/v/vineyard.sock")
      let blobs = try writer.remoteBlobs(HostileWorld.mostRemote)
      try world.server.onLoopAndForget { $0.turns = TurnMetrics() }
      for request in [
        #"{"type":"create_snapshot_request","id":"s","source":"v"}"#,
        #"{"type":"open_volume_request","id":"c","source":{"kind":"snapshot","id":"s"}}"#,
      ] {
        let copy = try world.bystander.request(request)["volume"]
        #expect(copy?["used"]?.integer == UInt64(64 * blobs.count))
      }
      let work = try world.server.onLoop { $0.turns.mostWork }
      #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(work) units")
      #expect(try world.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("a blob for which many small deleted ones are taken back gets them in turns")
    func takingBack() throws {
      let world = try HostileWorld()
      let ids = try world.client.remoteBlobs(HostileWorld.mostRemote).map(String.init).joined(separator: ",")
      try world.bystander.sendFrame("{\"type\":\"get_buffers_request\",\"unsafe\":false,\"ids\":[\(ids)]}")
      _ = try world.bystander.receiveText()
      try closeFile(world.bystander.receiveArena())
      _ = try world.client.request(
        "{\"type\":\"del_data_request\",\"id\":[\(ids)],\"force\":true,\"deep\":true,\"fastpath\":false,"
          + "\"memory_trim\":false}")
      let free = try world.server.onLoop { $0.store.memory.limit - $0.store.memory.used }
      #expect(try world.server.onLoop { $0.store.memory.reusable } == UInt64(64 * HostileWorld.mostRemote))
      try world.server.onLoopAndForget { $0.turns = TurnMetrics() }
      let created = try world.client.request("{\"type\":\"create_buffer_request\",\"size\":\(free)}")
      #expect(created["created"]?["data_size"]?.integer == free, "\(created)")
      let work = try world.server.onLoop { $0.turns.mostWork }
      #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(work) units")
      #expect(try world.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("get_data with wait is not looked at again for objects it does not wait for")
    func parked() throws {
      let world = try HostileWorld()
      let ids = Array(repeating: "4660", count: 200_000).joined(separator: ",")
      try world.client.sendFrame("{\"type\":\"get_data_request\",\"wait\":true,\"id\":[\(ids),4661]}")
      try world.server.waitUntil("it waits") { $0.handler.parkedRequests == 1 }
      let before = try world.server.onLoop { $0.store.work.done }
      for _ in 0..<20 { _ = try world.makeObject(world.bystander) }
      #expect(try world.server.onLoop { $0.store.work.done } - before < 1_000_000)
      let make = { (id: Int) in
        #"{"type":"create_data_request","content":{"typename":"p","instance_id":0,"#
          + "\"m\":{\"id\":\"\(ObjectID(UInt64(id)))\",\"typename\":\"t\",\"instance_id\":0}}}"
      }
      _ = try world.bystander.request(make(4660))
      #expect(!world.client.isReadable(within: 20))
      _ = try world.bystander.request(make(4661))
      #expect(try world.client.receiveReply()?["type"] == .string("get_data_reply"))
    }
  }
}

extension RequestType {
  /// Whether a request takes away what others are tried with.
  fileprivate var destroys: Bool {
    switch self {
    case .clear, .deleteData, .deleteDataWithFeedbacks, .moveBuffersOwnership, .deleteSession, .exit: true
    default: false
    }
  }
}
