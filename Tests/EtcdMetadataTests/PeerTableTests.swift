import EtcdClient
import StoreCore
import Testing

@testable import EtcdMetadata

@Suite("who of the other stores is absent")
final class PeerTableTests {
  private static let layout = KeyLayout(prefix: "demo")
  private let layout = PeerTableTests.layout
  private var table = PeerTable(own: 1, PeerTableTests.layout, MembershipTiming())

  private func put(_ key: [UInt8], _ value: [UInt8] = [], at revision: Int64 = 1) {
    table.take(.put(KeyValue(key: key, value: value, modRevision: revision)))
  }

  private func delete(_ key: [UInt8]) { table.take(.delete(key: key, revision: 9)) }

  /// A store of ours, or one that released daemons made.
  private func add(_ id: UInt64, hasLease: Bool) {
    put(layout.text(.instance(id, "timestamp")), JSONText.text(1), at: 3)
    guard hasLease else { return }
    put(layout.member(id), MemberRecord(process: "p\(id)", place: "there").text, at: 4)
    put(layout.alive(id))
  }

  private func states() -> [UInt64: InstanceState] {
    Dictionary(uniqueKeysWithValues: table.takeStates().map { ($0.id, $0.state) })
  }

  @Test("given a lease, then a store is reachable as long as it holds, and is removed thirty seconds later")
  func lease() {
    add(2, hasLease: true)
    table.pass(.seconds(1000))
    #expect(states() == [:] && table.absentees == [])
    delete(layout.alive(2))
    #expect(states() == [2: .unreachable])
    table.pass(.seconds(29))
    #expect(states() == [:] && table.absentees == [])
    table.pass(.seconds(1))
    #expect(table.absentees == [.init(id: 2, member: 4, timestamp: 3)])
    put(layout.alive(2))
    #expect(states() == [2: .reachable] && table.absentees == [])
  }

  @Test("given no lease, then a store is reachable as long as its timestamp changes")
  func timestamp() {
    add(0, hasLease: false)
    table.pass(.seconds(29))
    put(layout.text(.instance(0, "timestamp")), JSONText.text(2), at: 7)
    table.pass(.seconds(29))
    #expect(states() == [:] && table.absentees == [])
    table.pass(.seconds(1))
    #expect(states() == [0: .unreachable])
    #expect(table.absentees == [.init(id: 0, member: 0, timestamp: 7)])
  }

  @Test("given silence of etcd, then counting begins anew for a store without a lease")
  func silence() {
    add(0, hasLease: false)
    table.pass(.seconds(29))
    table.interrupt(layout.instances)
    table.resume()
    table.pass(.seconds(29))
    #expect(states() == [:] && table.absentees == [])
  }

  @Test("given silence of etcd, then what was counted of a lost lease before stays counted")
  func gap() {
    add(2, hasLease: true)
    delete(layout.alive(2))
    table.pass(.seconds(12))
    table.hear(of: layout.cluster)
    table.hear(of: layout.instances)
    // Of both nothing was heard for six seconds, which do not count.
    table.pass(.seconds(6))
    table.interrupt(layout.cluster)
    table.interrupt(layout.instances)
    table.resume()
    table.pass(.seconds(17))
    #expect(table.absentees == [])
    table.pass(.seconds(1))
    #expect(table.absentees.map(\.id) == [2])
  }

  @Test(
    "given a gap just before a store is removed, then it has as long to come back, up to ten seconds",
    arguments: [(2, 2), (600, 10)])
  func grace(gap: Int, grace: Int) {
    add(2, hasLease: true)
    delete(layout.alive(2))
    table.pass(.seconds(29))
    table.hear(of: layout.cluster)
    table.interrupt(layout.cluster)
    for _ in 0..<gap { table.passUnheard(.seconds(1)) }
    table.resume()
    table.pass(.seconds(grace - 1))
    #expect(table.absentees == [])
    table.pass(.seconds(1))
    #expect(table.absentees.map(\.id) == [2])
  }

  @Test("given a lease that ran out in a gap, then counting begins after it")
  func lostInGap() {
    add(2, hasLease: true)
    table.pass(.seconds(500))
    table.interrupt(layout.cluster)
    table.resume()
    delete(layout.alive(2))
    table.pass(.seconds(29))
    #expect(table.absentees == [])
    table.pass(.seconds(1))
    #expect(table.absentees.map(\.id) == [2])
  }

  @Test("given all keys anew, then the count goes on for a process that is still absent, and for no other")
  func lookedAtAgain() {
    for id in [2, 3] as [UInt64] {
      add(id, hasLease: true)
      delete(layout.alive(id))
    }
    table.pass(.seconds(15))
    let members = [2: "p2", 3: "another"].map { id, process in
      KeyValue(key: layout.member(id), value: MemberRecord(process: process, place: "there").text, modRevision: 4)
    }
    table.replace(below: layout.cluster, with: members)
    table.pass(.seconds(15))
    #expect(table.absentees.map(\.id) == [2])
  }

  @Test("given several that are alive, then the one after the dead acts first, and each later one after a pause")
  func turns() {
    for id in [0, 2, 3] as [UInt64] { add(id, hasLease: true) }
    delete(layout.alive(3))
    table.pass(.seconds(30))
    // Instance 0 comes after 3, then this one.
    #expect(table.absentees == [])
    table.pass(.seconds(2))
    #expect(table.absentees.map(\.id) == [3])
  }

  @Test("given a tombstone, then what somebody has begun is ended after a few seconds")
  func tombstone() {
    put(layout.member(2), MemberRecord.tombstone.text, at: 6)
    #expect(table.absentees == [])
    table.pass(.seconds(5))
    #expect(table.absentees == [.init(id: 2, member: 6, timestamp: 0)])
    delete(layout.member(2))
    #expect(table.absentees == [])
  }

  @Test("given all keys anew, then stores that are gone are forgotten")
  func replaced() {
    add(2, hasLease: true)
    delete(layout.alive(2))
    #expect(states() == [2: .unreachable])
    table.replace(below: layout.cluster, with: [])
    table.replace(below: layout.instances, with: [])
    #expect(states() == [2: .reachable])
    table.pass(.seconds(100))
    #expect(states() == [:] && table.absentees == [])
  }

  @Test("given its own keys, then a store does not judge itself")
  func own() {
    add(1, hasLease: true)
    delete(layout.alive(1))
    table.pass(.seconds(100))
    #expect(states() == [:] && table.absentees == [])
  }

  @Test("given keys of ours, then they are read as they are written, and released daemons have none of them")
  func keys() {
    #expect(layout.parseCluster(layout.member(7)) == .member(7))
    #expect(layout.parseCluster(layout.alive(7)) == .alive(7))
    #expect(layout.parseCluster(layout.text(.nextInstance)) == nil)
    #expect(layout.parse(layout.member(7)) == nil)
    #expect(!layout.member(7).starts(with: layout.sessions))
    let record = MemberRecord(process: "p1", place: "a \"place\"")
    #expect(MemberRecord(record.text) == record)
    #expect(MemberRecord(MemberRecord.tombstone.text)?.isTombstone == true)
    #expect(MemberRecord(Array("nonsense".utf8)) == nil)
  }
}
