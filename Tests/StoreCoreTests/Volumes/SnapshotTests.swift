import StoreCore
import StoreProtocol
import Testing

@Suite("snapshots and clones of volumes")
struct SnapshotTests {
  let fixture = StoreFixture(limit: 1000, arena: 64 * kibibyte)
  let volume: Volume
  let client: Client
  var store: Store { fixture.store }

  init() throws {
    volume = try fixture.open("v")
    client = fixture.connect(to: volume)
  }

  private func snapshot(_ id: String = "s", of source: String = "v") throws -> Volume {
    try store.createSnapshot(id, of: source, attributes: ["k": "v"])
  }

  @Test("a snapshot shares the bytes, keeps what is deleted and does not see what is added")
  func sharing() throws {
    let object = try fixture.put(600, by: client, name: "n")
    _ = try store.createBlob(50, by: client)
    let kept = try snapshot()
    #expect(kept.usage.used == 600 && store.memory.used == 650)
    #expect(kept.kind == .snapshot && kept.isFrozen && kept.settings.source?.id == "v")
    _ = try fixture.put(100, by: client, name: "later")
    store.delete([object.object], force: true, deep: true, by: client)
    #expect(store.memory.used == 750 && volume.usage.used == 150)
    #expect(fixture.object(named: "n", in: kept.session) == object.object)
    #expect(fixture.object(named: "later", in: kept.session) == nil)
    fixture.expectSound()
    #expect(store.deleteSnapshot("s") === kept)
    #expect(store.deleteSnapshot("s") == nil)
    #expect(store.memory.used == 150)
    fixture.expectSound()
  }

  @Test("a clone has the same objects at the same bytes; then each goes its own way")
  func cloning() throws {
    let object = try fixture.put(600, by: client, name: "n")
    _ = try snapshot()
    let source = Volume.Source(kind: .snapshot, id: "s")
    let clone = try fixture.open("c", from: source)
    let reader = fixture.connect(to: clone)
    let place = try fixture.read([object.blob], by: reader)[0].offset
    #expect(try fixture.read([object.blob], by: client)[0].offset == place)
    #expect(clone.usage.used == 600 && store.memory.used == 600)
    #expect(store.takeFirstWrites().map(\.id) == ["v", "s", "c"])
    store.deleteVolume("v")
    store.delete([object.object], force: true, deep: true, by: reader)
    #expect(clone.usage.used == 0 && store.memory.used == 600)
    store.deleteSnapshot("s")
    #expect(store.memory.used == 0 && store.memory.retained == 600)
    fixture.expectSound()
    store.disconnect(client)
    store.disconnect(reader)
    fixture.expectEmpty()
  }

  @Test("the same snapshot again is the one there is; [Error] of another volume, of an unknown one, of scope cluster")
  func repetition() throws {
    let first = try snapshot()
    #expect(try snapshot() === first)
    try fixture.open("w")
    #expect(code(try snapshot(of: "w")) == .objectExists)
    #expect(code(try snapshot("t", of: "x")) == .objectNotExists)
    try fixture.open("g", scope: .cluster)
    #expect(code(try snapshot("t", of: "g")) == .notImplemented)
    store.deleteVolume("v")
    #expect(try snapshot() === first)
  }

  @Test("[Error] a clone of more than its quota, of nothing, of scope cluster, into scope cluster")
  func refusals() throws {
    _ = try fixture.put(300, by: client)
    try fixture.open("g", scope: .cluster)
    let source = Volume.Source(kind: .volume, id: "v")
    #expect(code(try fixture.open("c", quota: 299, from: source)) == .notEnoughMemory)
    #expect(code(try fixture.open("c", from: Volume.Source(kind: .snapshot, id: "v"))) == .objectNotExists)
    #expect(code(try fixture.open("c", from: Volume.Source(kind: .volume, id: "g"))) == .notImplemented)
    #expect(code(try fixture.open("c", scope: .cluster, from: source)) == .notImplemented)
    #expect(store.volume("c") == nil && store.sessions.count == 2)
    #expect(try fixture.open("c", quota: 300, from: source).usage.used == 300)
    fixture.expectSound()
  }

  @Test("a volume may start with a copy of itself's snapshot after it is gone, and be snapshotted again")
  func chain() throws {
    _ = try fixture.put(100, by: client, name: "n")
    _ = try snapshot()
    store.deleteVolume("v")
    let again = try fixture.open("v", from: Volume.Source(kind: .snapshot, id: "s"))
    #expect(fixture.object(named: "n", in: again.session) != nil)
    #expect(try store.createSnapshot("t", of: "v", attributes: [:]).usage.used == 100)
    #expect(store.memory.used == 100)
    fixture.expectSound()
  }

  /// Lets what nobody waits for go on, a little at a time.
  private func finishInSteps() {
    while store.isReclaiming {
      store.work.allow(3 * UInt64(Work.item))
      store.reclaim()
    }
  }

  @Test("a copy is made in steps, and has what its volume had at first, whatever that loses meanwhile")
  func steps() throws {
    let objects = try (0..<20).map { try fixture.put(10, by: client, name: "n\($0)") }
    store.work.allow(5 * UInt64(Work.item))
    let kept = try snapshot()
    #expect(kept.isBeingFilled && kept.usage.used > 0 && kept.usage.used < 200)
    store.delete([objects[0].object, objects[19].object], force: true, deep: true, by: client)
    try store.moveOwnership(
      [(from: .id(objects[18].blob), to: .id(ObjectID(1 << 63 | 7)))], from: volume.session.id, by: client)
    _ = try fixture.put(10, by: client, name: "later")
    fixture.expectSound()
    store.deleteVolume("v")
    finishInSteps()
    #expect(!kept.isBeingFilled && kept.usage.used == 200)
    for object in objects { #expect(store.exists(object.blob, in: kept.session)) }
    #expect(kept.session.nameCount == 20)
    fixture.expectSound()
    store.deleteSnapshot("s")
    store.disconnect(client)
    finishInSteps()
    fixture.expectEmpty()
  }

  @Test("a copy that is deleted before it is complete leaves nothing")
  func deletedMeanwhile() throws {
    for _ in 0..<20 { _ = try fixture.put(10, by: client) }
    store.work.allow(5 * UInt64(Work.item))
    let kept = try snapshot()
    #expect(kept.isBeingFilled)
    store.deleteSnapshot("s")
    #expect(!kept.isBeingFilled)
    finishInSteps()
    fixture.expectSound()
    #expect(store.memory.used == 200)
    store.deleteVolume("v")
    store.disconnect(client)
    finishInSteps()
    fixture.expectEmpty()
  }
}
