import StoreCore
import StoreProtocol
import Testing

@Suite("volumes beside each other")
struct VolumeIsolationTests {
  let fixture = StoreFixture()
  let first: Volume
  let second: Volume
  let one: Client
  let other: Client
  var store: Store { fixture.store }

  init() throws {
    first = try fixture.open("a")
    second = try fixture.open("b")
    one = fixture.connect(to: first)
    other = fixture.connect(to: second)
  }

  @Test("[Error] blobs don't move between volumes, into one or out of one; within one they get other names")
  func moves() throws {
    let blob = try fixture.sealedBlob(100, by: one)
    let target = ObjectID(1 << 63 | 0x4242)
    let pairs: [(from: BlobName, to: BlobName)] = [(.id(blob), .id(target))]
    for client in [other, fixture.connect()] {
      #expect(code(try store.moveOwnership(pairs, from: first.session.id, by: client)) == .notImplemented)
    }
    #expect(code(try store.moveOwnership(pairs, from: 0, by: one)) == .notImplemented)
    try store.moveOwnership(pairs, from: first.session.id, by: one)
    #expect(store.exists(target, in: first.session) && first.usage.used == 100)
    fixture.expectSound()
  }

  @Test("locks of the same name are different ones")
  func locks() {
    #expect(!isParked(store.acquireLock("l", by: one)))
    #expect(!isParked(store.acquireLock("l", by: other)))
    #expect(!isParked(store.acquireLock("l", by: fixture.connect())))
    let colleague = fixture.connect(to: first)
    #expect(isParked(store.acquireLock("l", by: colleague)))
    _ = store.takeChanges()
    store.disconnect(one)
    #expect(store.takeChanges().contains(.lock(scope: first.session.id, "l")))
    #expect(!isParked(store.acquireLock("l", by: colleague)))
  }

  @Test("with scope cluster everybody sees the objects; the volume pays for what came through it and clears only that")
  func cluster() throws {
    let volume = try fixture.open("c", scope: .cluster, quota: 1000)
    let client = fixture.connect(to: volume)
    let outside = fixture.connect()
    let theirs = try fixture.put(100, by: outside, name: "theirs")
    let ours = try fixture.put(200, by: client, name: "ours")
    #expect(fixture.object(named: "theirs", in: client.session) == theirs.object)
    #expect(fixture.object(named: "ours", in: fixture.root) == ours.object)
    #expect(volume.usage.used == 200 && volume.objectCount == 1 && volume.nameCount == 1)
    #expect(code(try store.createBlob(801, by: client)) == .notEnoughMemory)
    let copy = try store.shallowCopy(theirs.object, in: client.session, of: volume)
    #expect(volume.objectCount == 2)
    store.clear(volume, by: client)
    #expect(
      fixture.existing([theirs.object, theirs.blob, ours.object, ours.blob, copy]) == [theirs.object, theirs.blob])
    #expect(volume.isEmpty && fixture.object(named: "ours", in: fixture.root) == nil)
    fixture.expectSound()
  }

  @Test("with scope cluster the names of a volume's objects are counted, whoever gives or takes them")
  func names() throws {
    let volume = try fixture.open("c", scope: .cluster)
    let client = fixture.connect(to: volume)
    let outside = fixture.connect()
    let ours = try fixture.put(100, by: client, name: "a").object
    let theirs = try fixture.put(100, by: outside, name: "theirs").object
    for name in ["a", "b", "c", "theirs"] { try store.putName(name, to: ours, by: client) }
    #expect(volume.nameCount == 4)
    try store.putName("a", to: theirs, by: outside)
    store.dropName("b", in: fixture.root)
    #expect(volume.nameCount == 2)
    fixture.expectSound()
    store.delete([ours], force: false, deep: true, by: outside)
    #expect(volume.nameCount == 0)
    try fixture.name(try fixture.put(by: client), "d", by: client)
    store.clear(fixture.root)
    #expect(volume.nameCount == 0)
    fixture.expectSound()
  }

  @Test("with scope cluster others may delete, clear and rename what the volume pays for")
  func deletionByOthers() throws {
    let volume = try fixture.open("c", scope: .cluster)
    let client = fixture.connect(to: volume)
    let outside = fixture.connect()
    let object = try fixture.put(100, by: client)
    store.delete([object.object], force: false, deep: true, by: outside)
    #expect(volume.isEmpty)
    let blob = try fixture.sealedBlob(50, by: client)
    let session = store.openSession(.normal)
    try store.moveOwnership([(.id(blob), .id(blob))], from: 0, by: store.connect(to: session))
    #expect(volume.isEmpty)
    _ = try fixture.put(100, by: client)
    fixture.expectSound()
    store.clear(fixture.root)
    #expect(volume.isEmpty)
    fixture.expectSound()
  }
}
