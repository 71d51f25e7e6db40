import EtcdProtocol
import FoundationEssentials
import Testing

@testable import EtcdClient

@Suite("position of a watch")
struct WatchPositionTests {
  private static func message(
    revision: Int64, _ set: (inout Etcdserverpb_WatchResponse) -> Void = { _ in }
  ) -> Etcdserverpb_WatchResponse {
    var message = Etcdserverpb_WatchResponse()
    message.header.clusterID = 7
    message.header.revision = revision
    message.watchID = 3
    set(&message)
    return message
  }

  private static func event(_ key: String, at revision: Int64, isDeleted: Bool = false) -> Etcdserverpb_Event {
    var event = Etcdserverpb_Event()
    event.type = isDeleted ? .delete : .put
    event.kv.key = Data(key.utf8)
    event.kv.modRevision = revision
    return event
  }

  private static func position(from revision: Int64) throws -> WatchPosition {
    var position = WatchPosition(from: revision)
    #expect(try position.take(message(revision: 10) { $0.created = true }) == .connected(revision: 10))
    return position
  }

  @Test("given no revision, then a watch goes on from where it was made")
  func fromNow() throws {
    #expect(try Self.position(from: 0).next == 11)
    #expect(try Self.position(from: 4).next == 4)
  }

  @Test("given parts of a message, then its events are told together after the last")
  func fragments() throws {
    var position = try Self.position(from: 11)
    let first = Self.message(revision: 12) {
      $0.fragment = true
      $0.events = [Self.event("a", at: 12)]
    }
    #expect(try position.take(first) == nil)
    #expect(position.next == 11)
    let last = Self.message(revision: 12) { $0.events = [Self.event("b", at: 12, isDeleted: true)] }
    guard case .events(let events, revision: 12) = try position.take(last) else { throw TestFailure("no events") }
    #expect(events.count == 2 && events[1] == .delete(key: bytes("b"), revision: 12))
    #expect(position.next == 13)
  }

  @Test("given a stream that breaks between parts, then the next stream tells all of it")
  func brokenFragments() throws {
    var position = try Self.position(from: 11)
    let part = Self.message(revision: 12) {
      $0.fragment = true
      $0.events = [Self.event("a", at: 12)]
    }
    _ = try position.take(part)
    position.restart()
    _ = try position.take(Self.message(revision: 12) { $0.created = true })
    let whole = Self.message(revision: 12) { $0.events = [Self.event("a", at: 12), Self.event("b", at: 12)] }
    guard case .events(let events, _) = try position.take(whole) else { throw TestFailure("no events") }
    #expect(events.count == 2)
  }

  @Test("given events that were told before, then they are not told again")
  func repeated() throws {
    var position = try Self.position(from: 11)
    let message = Self.message(revision: 12) { $0.events = [Self.event("a", at: 12)] }
    #expect(try position.take(message) != nil)
    #expect(try position.take(message) == nil)
  }

  @Test("given notes of progress, then the position moves with the watch's own only")
  func progress() throws {
    var position = try Self.position(from: 11)
    #expect(try position.take(Self.message(revision: 50) { $0.watchID = -1 }) == nil)
    #expect(position.next == 11)
    #expect(try position.take(Self.message(revision: 20)) == .progress(revision: 20))
    #expect(position.next == 21)
  }

  @Test("given an end, then it says why")
  func ends() throws {
    var position = try Self.position(from: 4)
    let compacted = Self.message(revision: 10) {
      $0.canceled = true
      $0.compactRevision = 8
    }
    #expect(throws: EtcdError.compacted(8)) { try position.take(compacted) }
    let denied = Self.message(revision: 10) {
      $0.canceled = true
      $0.cancelReason = "etcdserver: permission denied"
    }
    #expect(throws: EtcdError.denied("etcdserver: permission denied")) { try position.take(denied) }
    #expect(throws: EtcdError.unavailable("etcd ended the watch")) {
      try position.take(Self.message(revision: 10) { $0.canceled = true })
    }
  }

  @Test("given a cluster that is another one or behind, then its history is lost")
  func otherCluster() throws {
    var position = try Self.position(from: 0)
    #expect(throws: EtcdError.self) { try position.check(revision: 9) }
    #expect(throws: Never.self) { try position.check(revision: 10) }
    #expect(throws: EtcdError.historyLost("another cluster answers")) {
      try position.take(Self.message(revision: 11) { $0.header.clusterID = 8 })
    }
  }

  @Test("given messages that make no sense, then the watch is made anew")
  func nonsense() throws {
    var early = WatchPosition(from: 1)
    #expect(throws: EtcdError.self) { try early.take(Self.message(revision: 1)) }
    var position = try Self.position(from: 11)
    #expect(throws: EtcdError.self) { try position.take(Self.message(revision: 1) { $0.created = true }) }
    let strange: [(inout Etcdserverpb_Event) -> Void] = [
      { $0 = Etcdserverpb_Event() }, { $0.kv.key = Data() }, { $0.kv.modRevision = 0 }, { $0.kv.modRevision = -5 },
      { $0.type = .UNRECOGNIZED(9) },
    ]
    for change in strange {
      var event = Self.event("a", at: 12)
      change(&event)
      #expect(throws: EtcdError.self) { try position.take(Self.message(revision: 12) { $0.events = [event] }) }
    }
    var far = try Self.position(from: 11)
    let last = Self.message(revision: .max) { $0.events = [Self.event("a", at: .max)] }
    #expect(throws: EtcdError.self) { try far.take(last) }
  }
}
