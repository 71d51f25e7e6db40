import StoreCore
import StoreProtocol
import Testing

@Suite("copies of volumes of several stores")
struct SharedCopyTests {
  let fixture = StoreFixture(limit: 1000, arena: 64 * kibibyte)
  let volume: Volume
  let client: Client
  var store: Store { fixture.store }

  private static let session: UInt64 = 0xc0

  private static func document(_ id: String, session: UInt64, quota: UInt64 = 0) -> SharedVolume {
    var settings = VolumeSettings(id: id)
    settings.locality = .cluster
    settings.quota = quota
    return SharedVolume(settings, session: session, created: 7)
  }

  init() throws {
    volume = try fixture.store.openVolume(Self.document("v", session: 0xf0))
    client = fixture.connect(to: volume)
  }

  /// Gives the copy an object of this store that etcd has at the cut.
  private func adopt(_ id: ObjectID, with blob: ObjectID, in copy: Volume, instance: UInt64 = 0) throws {
    let text =
      #"{"b":"l\#(blob).vineyard::Blob@\#(instance)","instance_id":\#(instance),"signature":7,"transient":false,"#
      + #""typename":"vt::T"}"#
    try store.adoptObject(id, stored: Array(text.utf8), in: copy.session)
  }

  private func fill(_ copy: Volume) -> Int? {
    var missing: Int?
    store.fillCopy(copy) { missing = try? $0.get() }
    while store.isReclaiming {
      store.work.allow(3 * UInt64(Work.item))
      store.reclaim()
    }
    return missing
  }

  @Test("what the source loses after it is held is in the copy, and what nobody wants any more goes with the hold")
  func holding() throws {
    let kept = try fixture.put(100, by: client, name: "kept")
    let deleted = try fixture.put(200, by: client, name: "deleted")
    let unwanted = try fixture.put(300, by: client, name: "unwanted")
    store.holdContents(of: volume, for: Self.session)
    store.delete([deleted.object, unwanted.object], force: true, deep: true, by: client)
    #expect(volume.usage.used == 100 && store.memory.used == 600)
    fixture.expectSound()

    let copy = try store.openCopy(Self.document("c", session: Self.session), .volume)
    try adopt(kept.object, with: kept.blob, in: copy)
    try adopt(deleted.object, with: deleted.blob, in: copy)
    try adopt(ObjectID(0x77), with: ObjectID(1 << 63 | 5), in: copy, instance: 9)
    #expect(fill(copy) == 0, "what others have is theirs to give")
    #expect(store.volume("c") == nil && copy.usage.used == 300)
    fixture.expectSound()

    #expect(store.promoteCopy(Self.document("c", session: Self.session), .volume) === copy)
    #expect(store.volume("c") === copy && copy.isWritten && store.memory.used == 300)
    fixture.expectSound()
    let reader = fixture.connect(to: copy)
    #expect(try fixture.read([deleted.blob], by: reader).count == 1)
    store.deleteVolume("v")
    while store.isReclaiming { store.reclaim() }
    #expect(copy.usage.used == 300 && store.memory.used == 300)
    fixture.expectSound()
  }

  @Test("a blob that is not here any more is told, and a copy that is given up leaves nothing")
  func givingUp() throws {
    let present = try fixture.put(100, by: client, name: "n")
    store.holdContents(of: volume, for: Self.session)
    let copy = try store.openCopy(Self.document("c", session: Self.session), .volume)
    try adopt(present.object, with: present.blob, in: copy)
    try adopt(ObjectID(0x77), with: ObjectID(1 << 63 | 5), in: copy)
    #expect(fill(copy) == 1)
    store.delete([present.object], force: true, deep: true, by: client)
    #expect(store.memory.used == 100)
    store.abandonCopy(Self.session)
    while store.isReclaiming { store.reclaim() }
    #expect(store.memory.used == 0 && !store.isHolding(for: Self.session) && store.volume("c") == nil)
    fixture.expectSound()
    #expect(store.promoteCopy(Self.document("c", session: Self.session), .volume) == nil)
  }

  @Test("a deletion that is not durable yet is held, too")
  func pendingDeletion() throws {
    store.keepsChanges = true
    let object = try fixture.put(100, by: client, name: "n")
    _ = store.endRequest(of: client)
    store.delete([object.object], force: true, deep: true, by: client)
    let isPending = store.endRequest(of: client)
    #expect(isPending != .durable && store.memory.used == 100)
    store.holdContents(of: volume, for: Self.session)
    while let effect = store.nextEffect() {
      if case .write(let set) = effect { store.acknowledge(upTo: set.number) }
    }
    #expect(store.memory.used == 100)
    let copy = try store.openCopy(Self.document("s", session: Self.session), .snapshot)
    try adopt(object.object, with: object.blob, in: copy)
    #expect(fill(copy) == 0)
    var document = Self.document("s", session: Self.session)
    document.contents = SnapshotContents(objects: 1, names: 0, parts: [0: 100])
    #expect(store.promoteCopy(document, .snapshot) === copy)
    #expect(copy.isFrozen && copy.document?.contents == document.contents)
    #expect(store.deleteSnapshot("s") === copy)
    while store.isReclaiming { store.reclaim() }
    #expect(store.memory.used == 0)
    fixture.expectSound()
  }

  @Test("[Error] a copy of what is not held, into a session in use, or beside another volume of its id")
  func refusals() throws {
    #expect(code(try store.openCopy(Self.document("c", session: Self.session), .volume)) == .objectNotExists)
    store.holdContents(of: volume, for: 0xf0)
    #expect(code(try store.openCopy(Self.document("c", session: 0xf0), .volume)) == .objectExists)
    store.abandonCopy(0xf0)
    store.holdContents(of: volume, for: Self.session)
    _ = try store.openCopy(Self.document("c", session: Self.session), .volume)
    try fixture.open("c")
    #expect(store.promoteCopy(Self.document("c", session: Self.session), .volume) == nil)
    while store.isReclaiming { store.reclaim() }
    fixture.expectSound()
  }

  @Test("the newest of what others have is fetched first, and only while there is room")
  func prefetching() throws {
    store.setInstance(5, Simulation.record)
    for (number, time) in [(1, 30), (2, 10), (3, 20)] as [(UInt64, UInt64)] {
      let text =
        #"{"b":"l\#(ObjectID(1 << 63 | number)).vineyard::Blob@5","__timestamp":\#(time),"instance_id":5,"signature":\#(number),"#
        + #""transient":false,"typename":"vt::T"}"#
      try store.adoptObject(ObjectID(number), stored: Array(text.utf8), in: volume.session)
    }
    _ = try fixture.put(100, by: client, name: "own")
    let blobs = PrefetchPlan(of: volume.session).finish(store)
    #expect(blobs.map { $0.id.rawValue & 0xff } == [1, 3, 2])
    #expect(store.hasSpareRoom(forCopies: 400) && !store.hasSpareRoom(forCopies: 501), "copies have a limit")
    _ = try fixture.put(500, by: client)
    #expect(!store.hasSpareRoom(forCopies: 400), "and go for nobody")
  }
}
