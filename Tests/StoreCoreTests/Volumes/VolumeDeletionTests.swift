import StoreCore
import StoreProtocol
import Testing

@Suite("deleting volumes")
struct VolumeDeletionTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  @Test("everything goes; bytes that clients were given stay untouched until they go")
  func everything() throws {
    let volume = try fixture.open("v")
    let (writer, reader) = (fixture.connect(to: volume), fixture.connect(to: volume))
    let read = try fixture.put(100, by: writer, name: "n")
    try fixture.read([read.blob], by: reader)
    let unsealed = try store.createBlob(200, by: writer)
    _ = store.acquireLock("l", by: writer)
    let stream = try fixture.put(members: [], by: writer)
    try store.createStream(stream, in: volume.session)
    _ = try store.nextStreamChunk(stream, size: 50, by: writer)
    #expect(store.deleteVolume("v") === volume)
    #expect(store.deleteVolume("v") == nil)
    #expect(store.volumes.isEmpty && store.sessions.count == 1 && volume.usage.used == 0)
    #expect(store.memory.used == 0 && store.memory.retained == 350)
    fixture.expectSound()
    let next = try store.createBlob(64, by: fixture.connect())
    #expect(next.offset != unsealed.offset)
    store.disconnect(writer)
    #expect(store.memory.retained == 100)
    store.disconnect(reader)
    #expect(store.memory.retained == 0)
    fixture.expectSound()
  }

  @Test("with scope cluster what others' objects have as members stays, and is nobody's")
  func membersOfOthers() throws {
    let volume = try fixture.open("v", scope: .cluster)
    let client = fixture.connect(to: volume)
    let outside = fixture.connect()
    let inner = try fixture.put(100, by: client)
    let shared = try fixture.put(members: [inner.object], by: client)
    let sole = try fixture.put(100, by: client, name: "sole")
    let blob = try fixture.sealedBlob(70, by: client)
    let theirs = try fixture.put(members: [shared, blob], by: outside)
    let onTheirs = try fixture.put(members: [theirs], by: client)
    store.deleteVolume("v")
    let kept = [inner.object, inner.blob, shared, blob, theirs]
    #expect(Set(fixture.existing(kept + [sole.object, sole.blob, onTheirs])) == Set(kept))
    #expect(fixture.object(named: "sole", in: fixture.root) == nil)
    #expect(store.memory.used == 170)
    fixture.expectSound()
    store.delete([theirs], force: false, deep: true, by: outside)
    fixture.expectSound()
    #expect(store.memory.used == 0)
  }

  @Test("on_delete retain with scope cluster: all stays where it is")
  func retainInPlace() throws {
    let volume = try fixture.open("v", scope: .cluster, onDelete: .retain)
    let client = fixture.connect(to: volume)
    let object = try fixture.put(100, by: client, name: "n")
    store.deleteVolume("v")
    #expect(fixture.existing([object.object, object.blob]).count == 2)
    #expect(fixture.object(named: "n", in: fixture.root) == object.object)
    #expect(store.memory.used == 100)
    fixture.expectSound()
  }

  @Test("on_delete retain with scope volume: objects, blobs and names move into the root session, names are taken over")
  func retainByMoving() throws {
    let volume = try fixture.open("v", onDelete: .retain)
    let client = fixture.connect(to: volume)
    let outside = fixture.connect()
    let old = try fixture.put(10, by: outside, name: "n")
    let object = try fixture.put(100, by: client, name: "n")
    try store.putName("alias", to: object.object, in: volume.session)
    let parent = try fixture.put(members: [object.object], by: client)
    _ = try store.createBlob(5000, by: client)
    try fixture.read([object.blob], by: client)
    #expect(isParked(try store.getName("alias", wait: true, in: fixture.root)))
    _ = store.takeChanges()
    store.deleteVolume("v")
    #expect(store.takeChanges().isSuperset(of: [.name(session: 0, "n"), .name(session: 0, "alias")]))
    #expect(fixture.object(named: "n", in: fixture.root) == object.object)
    #expect(fixture.object(named: "alias", in: fixture.root) == object.object)
    #expect(fixture.existing([old.object, object.object, object.blob, parent]).count == 4)
    #expect(try !fixture.render([old.object]).contains("\"__name\":\"n\""))
    #expect(store.memory.used == 110)
    fixture.expectSound()
    store.disconnect(client)
    #expect(try fixture.read([object.blob], by: outside)[0].size == 100)
    fixture.expectSound()
  }

  @Test("on_delete retain: what has an id that is taken arrives under another, links and names follow")
  func retainOfACopy() throws {
    let volume = try fixture.open("v", onDelete: .retain)
    let client = fixture.connect(to: volume)
    let object = try fixture.put(100, by: client, name: "n")
    let parent = try fixture.put(members: [object.object], by: client)
    let clone = try fixture.open("w", onDelete: .retain, from: Volume.Source(kind: .volume, id: "v"))
    let addition = try fixture.put(30, by: fixture.connect(to: clone))
    store.deleteVolume("v")
    #expect(fixture.existing([object.object, object.blob, parent]).count == 3)
    store.deleteVolume("w")
    fixture.expectSound()
    #expect(store.memory.used == 130 && fixture.root.objectCount == 5 && fixture.root.blobCount == 3)
    #expect(store.exists(addition.object, in: fixture.root))
    let named = try #require(fixture.object(named: "n", in: fixture.root))
    #expect(named != object.object)
    let outside = fixture.connect()
    store.delete([parent, object.object], force: true, deep: true, by: outside)
    #expect(store.exists(named, in: fixture.root) && store.memory.used == 130)
    fixture.expectSound()
    store.clear(fixture.root)
    #expect(store.memory.used == 0)
  }
}
