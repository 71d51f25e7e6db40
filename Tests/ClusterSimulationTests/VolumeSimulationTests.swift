import EtcdClient
import MetadataBackend
import StoreProtocol
import Testing

@testable import EtcdMetadata

@Suite("volumes of several stores")
struct VolumeSimulationTests {
  @Test(
    "stores agree in the end on volumes, their contents and their deletion", arguments: ClusterSimulationTests.groups)
  func seeds(group: Range<UInt64>) async {
    for seed in group {
      do { _ = try await VolumeSimulation(seed: seed).run() } catch { Issue.record(error) }
    }
  }

  @Test("a seed gives the same answers every time")
  func deterministic() async throws {
    let first = try await VolumeSimulation(seed: 3).run()
    #expect(try await VolumeSimulation(seed: 3).run() == first)
  }

  // MARK: - Keys

  static let layout = KeyLayout(prefix: "p")

  @Test(
    "a key about volumes comes back as it was written, and is none of an instance",
    arguments: [
      VolumeKey.document("i7"), .open("a.b", 3), .tombstone("v", session: 0xabc), .room(12),
    ])
  func keys(key: VolumeKey) {
    let text = Self.layout.text(key)
    #expect(Self.layout.parseVolume(text) == key)
    #expect(Self.layout.parseCluster(text) == nil && Self.layout.parse(text) == nil)
  }

  @Test("[Error] other keys are none about volumes")
  func otherKeys() {
    for key in [Self.layout.member(3), Self.layout.alive(3), Self.layout.text(.name("volumes/x"))] {
      #expect(Self.layout.parseVolume(key) == nil)
    }
    for text in ["volumes/", "volumes/a/b", "open/v/3", "tombstones/v/S1", "rooms/x"] {
      let key = Self.layout.cluster + Array(text.utf8)
      #expect(Self.layout.parseVolume(key) == nil || text == "volumes/")
    }
  }

  @Test("records come back as they were written, and what is none is nothing")
  func records() {
    let record = PlaceRecord(
      session: 5, place: "n \"/a b\"", use: SharedVolumeUse(used: 1, objects: 2, names: 3, connections: 4))
    #expect(PlaceRecord(record.text) == record)
    let room = RoomRecord(StoreCapacity(limit: 9, used: 3, reserved: 2))
    #expect(RoomRecord(room.text) == room)
    for text in ["", "[]", "{}", #"{"session":"x","place":""}"#] {
      #expect(PlaceRecord(Array(text.utf8)) == nil && RoomRecord(Array(text.utf8)) == nil)
    }
  }

  // MARK: - Steps

  private func step(_ kind: VolumeOperation.Kind, _ pairs: [([UInt8], [UInt8])]) -> VolumeOperation.Step {
    VolumeOperation(kind: kind, layout: Self.layout, instance: 1, place: "here").next(
      after: pairs.map {
        KeyValue(key: $0.0, value: $0.1, createRevision: 2, modRevision: 3, version: 1, lease: 0)
      })
  }

  private static let volume: SharedVolume = {
    var settings = VolumeSettings(id: "v")
    settings.locality = .cluster
    return SharedVolume(settings, session: 8, created: 1)
  }()

  @Test("[Error] a volume that contradicts the one there is is refused, and so is a change of none")
  func contradiction() {
    var other = Self.volume
    other.settings.quota = 7
    let key = Self.layout.text(.document("v"))
    guard case .end(.refused(let error)) = step(.open(other), [(key, Self.volume.json)]) else {
      Issue.record("it is not refused")
      return
    }
    #expect(error.code == .objectExists && error.message.contains("quota is 0 bytes, not 7"))
    guard case .end(.refused(let missing)) = step(.change("v", .freezing(true)), []) else {
      Issue.record("it is not refused")
      return
    }
    #expect(missing.code == .objectNotExists)
    #expect(step(.delete("v"), []) == .end(.nothing))
  }

  @Test("a document that etcd has lost is made again unless it was deleted, is another's, or is newer")
  func restoring() {
    let key = Self.layout.text(.document("v"))
    let tombstone = Self.layout.text(.tombstone("v", session: 8))
    #expect(step(.restore(Self.volume), [(tombstone, [])]) == .end(.nothing))
    var other = Self.volume
    other.session = 9
    #expect(step(.restore(Self.volume), [(key, other.json)]) == .end(.nothing))
    var newer = Self.volume
    newer.generation = 5
    for (own, found, expected) in [(Self.volume, newer, newer), (newer, Self.volume, newer)] {
      guard case .write(let transaction, .volume(let written)) = step(.restore(own), [(key, found.json)]) else {
        Issue.record("nothing is written")
        return
      }
      #expect(written == expected)
      #expect(transaction.comparisons.contains(.isUnchanged(key, since: 3)))
    }
  }

  @Test("the last place that leaves a deleted volume takes its contents along")
  func leaving() {
    let (own, other) = (Self.layout.text(.open("v", 1)), Self.layout.text(.open("v", 2)))
    let tombstone = Self.layout.text(.tombstone("v", session: 8))
    let record = PlaceRecord(session: 8, place: "here").text
    let kind = VolumeOperation.Kind.leave("v", session: 8, instances: [1])
    guard case .write(let one, _) = step(kind, [(own, record), (other, record), (tombstone, [])]),
      case .write(let last, _) = step(kind, [(own, record), (tombstone, [])]),
      case .write(let plain, _) = step(kind, [(own, record), (other, record)])
    else {
      Issue.record("nothing is written")
      return
    }
    #expect(one.success == [.delete(.key(own))])
    // A record of somebody who has left and joined a new volume of that id is no reason to leave the rest to him.
    #expect(one.comparisons == [.isUnchanged(own, since: 3), .isUnchanged(other, since: 3)])
    #expect(last.success.contains(.delete(.key(tombstone))))
    #expect(last.success.contains(.delete(.prefix(Array("p/S0000000000000008/data/".utf8)))))
    #expect(plain.success == [.delete(.key(own))])
    #expect(plain.comparisons == [.isUnchanged(own, since: 3), .isAbsent(tombstone)])
    let foreign = PlaceRecord(session: 7, place: "here").text
    #expect(step(kind, [(own, foreign)]) == .end(.nothing))
  }

  // MARK: - Stores

  private func settle(_ store: SimulatedVolumes, _ etcd: inout ModelEtcd) {
    store.takeNews()
    while store.step(0, &etcd, Self.layout, .arrives) { store.takeNews() }
  }

  @Test("a store that starts removes what remains of a volume that nobody has any more")
  func remains() throws {
    var etcd = ModelEtcd()
    let tombstone = Self.layout.text(.tombstone("v", session: 8))
    let rest = Self.layout.text(.name("n"), session: 8)
    _ = try etcd.apply(
      Transaction(then: [.put(key: tombstone, value: Self.volume.json), .put(key: rest, value: [UInt8]("5".utf8))]))
    settle(SimulatedVolumes(1, at: "here", disk: [:], etcd, Self.layout, now: 1), &etcd)
    #expect(etcd.read(.key(tombstone)).isEmpty && etcd.read(.key(rest)).isEmpty)
  }

  @Test("a volume that is open again is not deleted before its store has noted that, though its former store is gone")
  func standIn() throws {
    var etcd = ModelEtcd()
    let (former, own) = (Self.layout.text(.open("v", 1)), Self.layout.text(.open("v", 2)))
    _ = try etcd.apply(
      Transaction(then: [
        .put(key: Self.layout.text(.document("v")), value: Self.volume.json),
        .put(key: former, value: PlaceRecord(session: 8, place: "here ").text),
      ]))
    let store = SimulatedVolumes(2, at: "here", disk: ["v": Self.volume], etcd, Self.layout, now: 1)
    store.report()
    settle(store, &etcd)
    #expect(!etcd.read(.key(former)).isEmpty && !etcd.read(.key(own)).isEmpty)
    while store.shared.follower.step(etcd, Self.layout, store.shared.backend, atMost: .max) {}
    _ = store.shared.take()
    store.report()
    settle(store, &etcd)
    #expect(etcd.read(.key(former)).isEmpty && !etcd.read(.key(own)).isEmpty)
  }
}
