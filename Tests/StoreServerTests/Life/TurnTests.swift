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
      let fixture = try HostileFixture()
      for type in RequestType.allCases.sorted(by: { !$0.destroys && $1.destroys }) {
        let message = try fixture.worst(type)
        try fixture.server.onLoopAndForget { $0.turns = TurnMetrics() }
        try fixture.attack(message)
        // Others are served meanwhile.
        #expect(try fixture.bystander.request(#"{"type":"instance_status_request"}"#)["meta"] != nil)
        try fixture.replaceClient()
        try fixture.server.waitUntil("all is given back") { !$0.hasWork && $0.connections.count == 2 }
        let work = try fixture.server.onLoop { $0.turns.mostWork }
        #expect(work <= Self.allowed, "\(type.rawValue): \(work) units")
        #expect(work > StoreServer.slice / 4, "\(type.rawValue) is not the worst: \(work) units")
      }
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("a client that sends one short request after the other without reading leaves turns to others")
    func pipelined() throws {
      let fixture = try HostileFixture()
      let request = StoreFrame.bytes(#"{"type":"exists_request","id":1}"#)
      try fixture.client.send(Array(repeatElement(request, count: 1000).joined()))
      for _ in 0..<1000 { _ = try fixture.client.receiveText() }
      #expect(try fixture.server.onLoop { $0.turns.mostWork } <= Self.allowed)
    }

    @Test("while a long request is done, others are answered")
    func between() throws {
      let fixture = try HostileFixture()
      try fixture.client.sendFrame(try fixture.worst(.label))
      var answered = 0
      while !fixture.client.isReadable(within: 0), answered < 1000 {
        #expect(try fixture.bystander.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
        answered += 1
      }
      #expect(answered > 2)
      #expect(try fixture.client.receiveReply()?["type"] == .string("label_reply"))
    }

    @Test("a client that leaves in the middle of making objects leaves none of them, and nothing they hold")
    func leaving() throws {
      let fixture = try HostileFixture()
      let member = fixture.object
      let before = try fixture.server.onLoop { $0.store.root.objectCount }
      let members = (0..<20_000).map {
        "\"m\($0)\":{\"id\":\"o\($0 + 0x100000)\",\"typename\":\"t\",\"instance_id\":0}"
      }
      try fixture.client.sendFrame(
        "{\"type\":\"create_data_request\",\"content\":{\"typename\":\"t\",\"instance_id\":0,"
          + "\"a\":{\"id\":\"\(ObjectID(member))\"},\(members.joined(separator: ","))}}")
      try fixture.server.waitUntil("some are made") { $0.store.root.objectCount > before + 100 }
      fixture.client.close()
      try fixture.server.waitUntil("all are taken back") { !$0.hasWork && $0.store.root.objectCount == before }
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
      let deleted = try fixture.bystander.request(
        "{\"type\":\"del_data_request\",\"id\":[\(member)],\"force\":false,\"deep\":true,\"fastpath\":false,"
          + "\"memory_trim\":false}")
      #expect(deleted["code"] == nil)
      #expect(try fixture.server.onLoop { !$0.store.exists(ObjectID(member), in: $0.store.root) })
    }

    @Test("many volumes are listed in turns")
    func volumes() throws {
      let fixture = try HostileFixture()
      _ = try fixture.bystander.request(#"{"type":"open_volume_request","id":"v"}"#)
      for index in 0..<1000 {
        let made = try fixture.bystander.request(
          "{\"type\":\"create_snapshot_request\",\"id\":\"s\(index)\",\"source\":\"v\"}")
        #expect(made["code"] == nil)
      }
      try fixture.server.onLoopAndForget { $0.turns = TurnMetrics() }
      let reply = try fixture.bystander.request(#"{"type":"list_volumes_request"}"#)
      let ids = reply["volumes"]?.elements.compactMap { $0["id"]?.text } ?? []
      #expect(ids == (0..<1000).map { "s\($0)" }.sorted() + ["v"])
      #expect(reply["room"]?["used"]?.integer != nil)
      let work = try fixture.server.onLoop { $0.turns.mostWork }
      #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(work) units")
    }

    @Test("what large metadata took is freed in turns, when it was stored, refused, and when its client leaves")
    func freeing() throws {
      let fixture = try HostileFixture()
      let fields = (0..<60_000).map { "\"k\($0)\":1" }.joined(separator: ",")
      let good = "{\"typename\":\"t\",\"instance_id\":0,\(fields)}"
      let requests = [
        "{\"type\":\"create_data_request\",\"content\":\(good)}",
        "{\"type\":\"create_data_request\",\"content\":{\"typename\":\"t\",\(fields)}}",
        "{\"type\":\"shallow_copy_request\",\"id\":\(fixture.object),\"extra\":{\(fields)}}",
        "{\"type\":\"shallow_copy_request\",\"id\":1,\"extra\":{\(fields)}}",
      ]
      for request in requests {
        try fixture.server.onLoopAndForget { $0.turns = TurnMetrics() }
        let before = try fixture.server.onLoop { $0.store.work.done }
        _ = try fixture.client.request(request)
        let answered = try fixture.server.onLoop { $0.store.work.done }
        try fixture.server.waitUntil("all is given back") { !$0.hasWork }
        let freeing = try fixture.server.onLoop { $0.store.work.done } - answered
        #expect(freeing <= answered - before)
        let work = try fixture.server.onLoop { $0.turns.mostWork }
        #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(work) units")
      }
      let total = try fixture.server.onLoop { $0.store.work.done }
      try fixture.client.sendFrame(requests[0])
      try fixture.server.waitUntil("it is read") { $0.store.work.done > total + 2_000_000 }
      try fixture.replaceClient()
      try fixture.server.waitUntil("all is given back") { !$0.hasWork && $0.connections.count == 2 }
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("a list of a million ids is read in turns")
    func longLists() throws {
      let fixture = try HostileFixture(memory: 2048 * mebibyte)
      let many = "[\(Array(repeating: "4660", count: 1_000_000).joined(separator: ","))]"
      let few = "[\(Array(repeating: "4660", count: 500_000).joined(separator: ","))]"
      let delete = "\"force\":true,\"deep\":true,\"memory_trim\":false,\"fastpath\""
      for (request, code) in [
        ("\"type\":\"get_data_request\",\"wait\":false,\"id\":\(many)", nil),
        ("\"type\":\"del_data_request\",\(delete):false,\"id\":\(many)", nil),
        ("\"type\":\"del_data_request\",\(delete):true,\"id\":\(many)", 7),
        ("\"type\":\"get_buffers_request\",\"unsafe\":false,\"ids\":\(many)", 1),
        ("\"type\":\"get_buffers_request\",\"unsafe\":false,\"ids\":\(few)", nil),
      ] as [(String, UInt64?)] {
        try fixture.server.onLoopAndForget { $0.turns = TurnMetrics() }
        let reply = try fixture.client.request("{\(request)}")
        #expect(reply["code"]?.integer == code, "\(request.prefix(40)): \(reply)")
        let work = try fixture.server.onLoop { $0.turns.mostWork }
        #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(request.prefix(40)): \(work) units")
      }
    }

    @Test("a forced deletion whose plan does not fit into memory is refused, and nothing is deleted")
    func plans() throws {
      let fixture = try HostileFixture()
      let member = fixture.object
      let one = "{\"typename\":\"t\",\"instance_id\":0,\"m\":{\"id\":\"\(ObjectID(member))\"}}"
      for _ in 0..<10 {
        let contents = Array(repeating: one, count: 2000).joined(separator: ",")
        let made = try fixture.bystander.request(
          "{\"type\":\"create_datas_request\",\"num\":2000,\"contents\":[\(contents)]}")
        #expect(made["code"] == nil)
      }
      let count = try fixture.server.onLoop { $0.store.root.objectCount }
      let delete =
        "{\"type\":\"del_data_request\",\"id\":[\(member)],\"force\":true,\"deep\":false,\"fastpath\":false,"
        + "\"memory_trim\":false}"
      let buffers = try fixture.server.onLoop { server in
        let rest = server.heap.buffers.limit - server.heap.buffers.used - (128 << 10)
        _ = server.heap.buffers.take(Int(rest))
        return rest
      }
      #expect(try fixture.client.request(delete)["code"]?.integer == 41)
      #expect(try fixture.server.onLoop { $0.store.root.objectCount } == count)
      try fixture.server.onLoopAndForget { $0.heap.buffers.give(back: Int(buffers)) }
      let used = try fixture.server.onLoop { $0.heap.buffers.used }
      #expect(try fixture.client.request(delete)["code"] == nil)
      #expect(try fixture.server.onLoop { $0.store.root.objectCount } < count - 20_000)
      #expect(try fixture.server.onLoop { $0.heap.buffers.used } == used, "what the plan took is given back")
    }

    @Test("a copy of a volume with many blobs is made in turns, and told of when it is complete")
    func copies() throws {
      let fixture = try HostileFixture()
      _ = try fixture.bystander.request(#"{"type":"open_volume_request","id":"v"}"#)
      let writer = try WireClient.registered(
        fixture.server, path: "\(fixture.server.directory)/volumes/v/vineyard.sock")
      let blobs = try writer.remoteBlobs(HostileFixture.mostRemote)
      try fixture.server.onLoopAndForget { $0.turns = TurnMetrics() }
      for request in [
        #"{"type":"create_snapshot_request","id":"s","source":"v"}"#,
        #"{"type":"open_volume_request","id":"c","source":{"kind":"snapshot","id":"s"}}"#,
      ] {
        let copy = try fixture.bystander.request(request)["volume"]
        #expect(copy?["used"]?.integer == UInt64(64 * blobs.count))
      }
      let work = try fixture.server.onLoop { $0.turns.mostWork }
      #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(work) units")
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("a blob for which many small deleted ones are taken back gets them in turns")
    func takingBack() throws {
      let fixture = try HostileFixture()
      let ids = try fixture.client.remoteBlobs(HostileFixture.mostRemote).map(String.init).joined(separator: ",")
      try fixture.bystander.sendFrame("{\"type\":\"get_buffers_request\",\"unsafe\":false,\"ids\":[\(ids)]}")
      _ = try fixture.bystander.receiveText()
      try closeFile(fixture.bystander.receiveArena())
      _ = try fixture.client.request(
        "{\"type\":\"del_data_request\",\"id\":[\(ids)],\"force\":true,\"deep\":true,\"fastpath\":false,"
          + "\"memory_trim\":false}")
      let free = try fixture.server.onLoop { $0.store.memory.limit - $0.store.memory.used }
      #expect(try fixture.server.onLoop { $0.store.memory.reusable } == UInt64(64 * HostileFixture.mostRemote))
      try fixture.server.onLoopAndForget { $0.turns = TurnMetrics() }
      let created = try fixture.client.request("{\"type\":\"create_buffer_request\",\"size\":\(free)}")
      #expect(created["created"]?["data_size"]?.integer == free, "\(created)")
      let work = try fixture.server.onLoop { $0.turns.mostWork }
      #expect(work <= Self.allowed && work > StoreServer.slice / 4, "\(work) units")
      #expect(try fixture.server.onLoop { $0.store.inconsistencies() } == [])
    }

    @Test("get_data with wait is not looked at again for objects it does not wait for")
    func parked() throws {
      let fixture = try HostileFixture()
      let ids = Array(repeating: "4660", count: 200_000).joined(separator: ",")
      try fixture.client.sendFrame("{\"type\":\"get_data_request\",\"wait\":true,\"id\":[\(ids),4661]}")
      try fixture.server.waitUntil("it waits") { $0.handler.parkedRequests == 1 }
      let before = try fixture.server.onLoop { $0.store.work.done }
      for _ in 0..<20 { _ = try fixture.makeObject(fixture.bystander) }
      #expect(try fixture.server.onLoop { $0.store.work.done } - before < 1_000_000)
      let make = { (id: Int) in
        #"{"type":"create_data_request","content":{"typename":"p","instance_id":0,"#
          + "\"m\":{\"id\":\"\(ObjectID(UInt64(id)))\",\"typename\":\"t\",\"instance_id\":0}}}"
      }
      _ = try fixture.bystander.request(make(4660))
      #expect(!fixture.client.isReadable(within: 20))
      _ = try fixture.bystander.request(make(4661))
      #expect(try fixture.client.receiveReply()?["type"] == .string("get_data_reply"))
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
