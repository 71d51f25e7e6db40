import JSON
import StoreCore
import StoreProtocol
import Testing

@Suite("volumes of several stores")
struct SharedVolumeTests {
  let fixture = StoreFixture(limit: 1 * mebibyte)
  var store: Store { fixture.store }

  private static let elsewhere: UInt64 = 5
  private static let object = ObjectID(0x11)
  private static let blob = RemoteBlob(instance: elsewhere, id: ObjectID(1 << 63 | 0x21))

  init() { store.setInstance(Self.elsewhere, Simulation.record) }

  private static func document(
    _ id: String = "v", session: UInt64 = 0xf00, quota: UInt64 = 0, onDelete: VolumeDeletion = .delete,
    generation: UInt64 = 1
  ) -> SharedVolume {
    var settings = VolumeSettings(id: id)
    settings.locality = .cluster
    settings.quota = quota
    settings.onDelete = onDelete
    return SharedVolume(settings, session: session, created: 7, generation: generation)
  }

  /// An object of another store, with a blob there.
  private func adopt(_ id: ObjectID = object, in session: Session) throws {
    let text =
      #"{"b":"l\#(Self.blob.id).vineyard::Blob@5","instance_id":5,"signature":7,"transient":false,"typename":"vt::T"}"#
    try store.adoptObject(id, stored: Array(text.utf8), in: session)
  }

  /// The sessions in which something was changed that others are to hear of.
  private func written() -> Set<UInt64> {
    var sessions: Set<UInt64> = []
    while let effect = store.nextEffect() {
      guard case .write(let set) = effect else { continue }
      sessions.formUnion(set.changes.map(\.session))
      store.acknowledge(upTo: set.number)
    }
    return sessions
  }

  @Test("it is opened as its document says, and again only if that agrees")
  func opening() throws {
    let volume = try store.openVolume(Self.document(quota: 1 << 40))
    #expect(volume.session.id == 0xf00 && volume.created == 7 && volume.document == Self.document(quota: 1 << 40))
    #expect(try store.openVolume(Self.document(quota: 1 << 40)) === volume)
    #expect(code(try store.openVolume(Self.document(quota: 1))) == .objectExists)
    #expect(code(try store.openVolume(Self.document(session: 0xf01, quota: 1 << 40))) == .objectExists)
    #expect(code(try store.openVolume(Self.document("w"))) == .objectExists, "its session is another's")
    #expect(store.capacity.reserved == 0)
    let settings = VolumeSettings(id: "new")
    #expect(store.sharedVolume(settings).session != store.sharedVolume(settings).session)
    fixture.expectSound()
  }

  @Test("a newer version of the document counts, an older one does not, and the quota is never below what is used")
  func versions() throws {
    let volume = try store.openVolume(Self.document())
    _ = try fixture.put(1000, by: fixture.connect(to: volume))
    var newer = Self.document(quota: 10, onDelete: .retain, generation: 3)
    newer.isFrozen = true
    #expect(store.update(volume, to: newer) && volume.isFrozen && volume.settings.onDelete == .retain)
    #expect(volume.settings.quota == 10 && volume.usage.limit == 1000)
    #expect(!store.update(volume, to: Self.document(generation: 2)) && volume.isFrozen)
    fixture.expectSound()
  }

  @Test("others hear of what happens in it, of a volume of this store alone they do not")
  func hearing() throws {
    store.keepsChanges = true
    for (volume, isHeard) in [(try store.openVolume(Self.document()), true), (try fixture.open("own"), false)] {
      let client = fixture.connect(to: volume)
      _ = try fixture.put(10, by: client, name: "n")
      #expect(store.endRequest(of: client) == .durable)
      #expect(written() == (isHeard ? [volume.session.id] : []))
    }
    store.deleteVolume("v")
    while store.isReclaiming { store.reclaim() }
    #expect(written().isEmpty, "others delete it by themselves")
    fixture.expectSound()
  }

  @Test("an object that loses its name to another store's goes after two seconds, or when its room is needed")
  func renamedElsewhere() throws {
    let volume = try store.openVolume(Self.document())
    let (first, _) = try fixture.put(500 * kibibyte, by: fixture.connect(to: volume), name: "n")
    try adopt(in: volume.session)
    #expect(store.adoptName("n", Self.object, in: volume.session))
    store.passTime()
    #expect(store.exists(first, in: volume.session))
    store.now += 2001
    store.passTime()
    #expect(!store.exists(first, in: volume.session) && volume.usage.used == 0)

    let writer = fixture.connect(to: volume)
    let (second, _) = try fixture.put(700 * kibibyte, by: writer, name: "n")
    store.adoptName("n", Self.object, in: volume.session)
    #expect(store.exists(second, in: volume.session))
    _ = try fixture.put(600 * kibibyte, by: writer, name: "m")
    #expect(!store.exists(second, in: volume.session))
    fixture.expectSound()
  }

  @Test("an object of another store that loses its name here stays until its store lets it go")
  func renamedHere() throws {
    let volume = try store.openVolume(Self.document())
    try adopt(in: volume.session)
    store.adoptName("n", Self.object, in: volume.session)
    let client = fixture.connect(to: volume)
    let (new, _) = try fixture.put(10, by: client)
    try store.persist(new, by: client)
    try store.putName("n", to: new, by: client)
    store.now += 10_000
    store.passTime()
    #expect(store.exists(Self.object, in: volume.session))
  }

  @Test("a retained volume leaves the store what it has, and others theirs")
  func retaining() throws {
    let volume = try store.openVolume(Self.document(onDelete: .retain))
    let client = fixture.connect(to: volume)
    let (own, blob) = try fixture.put(100, by: client, name: "own")
    try adopt(in: volume.session)
    store.adoptName("others", Self.object, in: volume.session)
    let incoming = try CopyCreation([(Self.blob, 50)], in: volume.session).finish(store)
    for copy in incoming { store.finish(copy, isComplete: true) }
    #expect(volume.usage.used == 100, "nobody pays for a copy")
    fixture.expectSound()
    store.deleteVolume("v")
    store.disconnect(client)
    while store.isReclaiming { store.reclaim() }
    #expect(fixture.root.objectCount == 1 && fixture.root.blobCount == 1 && fixture.root.nameCount == 1)
    #expect(store.exists(own, in: fixture.root) && store.exists(blob, in: fixture.root))
    #expect(store.memory.used == 100 && store.cache.bytes == 0)
    fixture.expectSound()
  }

  @Test("[Error] it can neither be kept as a snapshot nor be what another volume starts with")
  func copies() throws {
    _ = try store.openVolume(Self.document())
    #expect(code(try store.createSnapshot("s", of: "v", attributes: [:])) == .notImplemented)
    #expect(code(try fixture.open("w", from: VolumeSource(kind: .volume, id: "v"))) == .notImplemented)
  }
}
