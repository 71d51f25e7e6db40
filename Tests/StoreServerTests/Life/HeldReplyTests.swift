import Dispatch
import Glibc
import StoreCore
import StoreProtocol
import Support
import Synchronization
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("held replies")
  struct HeldReplyTests {
    let server: RunningServer

    init() throws { server = try RunningServer() }

    private static let late = StoreError(.invalid, "too late")

    /// Parks a request of a client for a name, with a deadline.
    private func waitForName(_ client: WireClient, deadline nanoseconds: UInt64) throws {
      try client.sendFrame(#"{"type":"get_name_request","name":"n","wait":true}"#)
      try server.waitUntil("it waits") { $0.heldReplies.count == 1 }
      try server.onLoop { server in
        guard let connection = server.connections.values.first(where: { $0.held != nil }), let held = connection.held
        else { return }
        held.deadline = (monotonicNanoseconds() + nanoseconds, Self.late)
        held.timer = server.loop.timers.add(at: monotonicNanoseconds() + nanoseconds, .deadline(held))
      }
    }

    @Test("a deadline that strikes is answered with its error, and the connection goes on with its next request")
    func deadline() throws {
      let client = try WireClient.registered(server)
      try waitForName(client, deadline: 1)
      try client.sendFrame(#"{"type":"exists_request","id":1}"#)
      #expect(try client.receiveReply()?["message"] == .string("too late"))
      #expect(try client.receiveReply()?["exists"] == .bool(false))
      #expect(try server.onLoop { $0.heldReplies.isEmpty && $0.handler.parkedRequests == 0 && !$0.store.notesChanges })
    }

    @Test("a condition that holds in time cancels the deadline")
    func inTime() throws {
      let client = try WireClient.registered(server)
      let other = try WireClient.registered(server)
      let object = try other.request(#"{"type":"create_data_request","content":{"typename":"t","instance_id":0}}"#)
      let id = try #require(object["id"]?.integer)
      _ = try other.request("{\"type\":\"persist_request\",\"id\":\(id)}")
      let timers = try server.onLoop { $0.loop.timers.count }
      try waitForName(client, deadline: 600_000_000_000)
      #expect(try server.onLoop { $0.loop.timers.count } == timers + 1)
      let put = "{\"type\":\"put_name_request\",\"object_id\":\(id),\"name\":\"n\"}"
      #expect(try other.request(put)["type"] == .string("put_name_reply"))
      #expect(try client.receiveReply()?["object_id"]?.integer == id)
      #expect(try server.onLoop { $0.loop.timers.count } == timers)
    }

    @Test("of those who wait for a lock, the next gets it when the deadline of the first strikes")
    func lock() throws {
      let clients = try (0..<3).map { _ in try WireClient.registered(server) }
      _ = try clients[0].request(#"{"type":"acquire_lock_request","key":"k"}"#)
      for (index, client) in clients.dropFirst().enumerated() {
        try client.sendFrame(#"{"type":"acquire_lock_request","key":"k"}"#)
        try server.waitUntil("it waits") { $0.heldReplies.count == index + 1 }
      }
      try server.onLoop { server in
        let first = server.connections.values.filter { $0.held != nil }.min { $0.id < $1.id }
        if let held = first?.held { server.settle(held, failure: Self.late) }
      }
      #expect(try clients[1].receiveReply()?["message"] == .string("too late"))
      _ = try clients[0].request(#"{"type":"release_lock_request","key":"k"}"#)
      #expect(try clients[2].receiveReply()?["result"] == .bool(true))
    }

    /// Holds a whole reply of a client until a job ends that a test ends.
    private func holdForJob(_ client: WireClient, _ undone: Counter) throws -> Handoff<Void> {
      let gate = Handoff<Void>()
      try server.onLoop { server in
        guard let connection = server.connections.values.first else { return }
        let job = server.jobs.start {
          (try? gate.take()) != nil
        } finish: { server, job, _ in
          server.finishJob(job, failure: StoreError(.ioError, "the disk is full"))
        }
        server.handler.reply.reply("held_reply")
        let held = HeldReply(until: .job(job), then: .send(arena: false, nil), undo: { undone.increase() }) {
          StoreError($0.code, "not done: \($0.message)")
        }
        server.hold(held, of: connection)
      }
      return gate
    }

    @Test("when the job fails, what was done in advance is taken back and the client is told")
    func failure() throws {
      let client = try WireClient.registered(server)
      let undone = Counter()
      let gate = try holdForJob(client, undone)
      try client.sendFrame(#"{"type":"exists_request","id":1}"#)
      #expect(!client.isReadable(within: 0) && undone.value == 0)
      gate.give(())
      let reply = try client.receiveReply()
      #expect(reply?["code"]?.integer == 4 && reply?["message"] == .string("not done: the disk is full"))
      #expect(try client.receiveReply()?["exists"] == .bool(false))
      #expect(undone.value == 1)
    }

    @Test("it is taken back as well when the client has gone meanwhile")
    func gone() throws {
      let client = try WireClient.registered(server)
      let undone = Counter()
      let gate = try holdForJob(client, undone)
      client.close()
      try server.waitUntil("it is gone") { $0.connections.isEmpty }
      #expect(try server.onLoop { $0.heldReplies.count } == 1)
      gate.give(())
      try server.waitUntil("nothing is held") { $0.heldReplies.isEmpty }
      #expect(undone.value == 1)
    }

    @Test("a client that goes takes along what only it waits for, with its timer")
    func alone() throws {
      let client = try WireClient.registered(server)
      let timers = try server.onLoop { $0.loop.timers.count }
      try waitForName(client, deadline: 600_000_000_000)
      client.close()
      try server.waitUntil("nothing is held") { $0.heldReplies.isEmpty && $0.connections.isEmpty }
      #expect(try server.onLoop { $0.loop.timers.count } == timers)
      #expect(try server.onLoop { $0.handler.parkedRequests } == 0)
    }

    @Test("stopping waits for the job and gives the reply")
    func stopping() throws {
      let client = try WireClient.registered(server)
      let undone = Counter()
      let gate = try holdForJob(client, undone)
      server.beginStop()
      gate.give(())
      #expect(try client.receiveReply()?["code"]?.integer == 4)
      try server.stop()
      #expect(undone.value == 1)
    }
  }
}

/// A number that threads increase.
final class Counter: Sendable {
  private let number = Atomic(0)

  var value: Int { number.load(ordering: .acquiring) }

  func increase() { number.add(1, ordering: .acquiringAndReleasing) }
}

extension Connection {
  /// What it waits for.
  var held: HeldReply? {
    if case .held(let held) = state { return held }
    return nil
  }
}
