import StoreCore
import StoreProtocol
import Testing

/// What becomes of an object whose name is given to another.
@Suite("overwriting")
struct OverwriteTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  /// Writes an object of one blob under a name, as `vineyard.csi.write` does.
  private func write(_ size: UInt64, _ name: String, by client: Client) throws -> (object: ObjectID, blob: ObjectID) {
    let blob = try fixture.sealedBlob(size, by: client)
    let document = try StoreFixture.document(StoreFixture.text("t::Object", members: [blob]))
    let object = try store.createObjects([document], by: client)[0].id
    try store.persist(object, by: client)
    try store.putName(name, to: object, by: client)
    return (object, blob)
  }

  private func volume(_ overwrite: OverwritePolicy? = nil, quota: UInt64 = 1000) throws -> Volume {
    var settings = Volume.Settings(id: "a")
    settings.quota = quota
    settings.overwrite = overwrite
    return try store.openVolume(settings).volume
  }

  @Test("a path can be written again and again in a volume of which three versions would not fit")
  func rewriting() throws {
    let volume = try volume()
    let client = fixture.connect(to: volume)
    for _ in 0..<10 { _ = try write(400, "/p", by: client) }
    #expect(volume.usage.used == 400 && volume.objectCount == 1)
    fixture.expectSound()
  }

  @Test("former versions stay where that is asked for, and outside of volumes", arguments: [true, false])
  func keeping(isInVolume: Bool) throws {
    let client = isInVolume ? fixture.connect(to: try volume(.keep)) : fixture.connect()
    let (first, _) = try write(400, "/p", by: client)
    _ = try write(400, "/p", by: client)
    #expect(store.exists(first, in: client.session))
  }

  @Test("what a client was given of the former version stays as it was")
  func views() throws {
    let client = fixture.connect(to: try volume())
    let (_, blob) = try write(400, "/p", by: client)
    _ = try store.getName("/p", wait: false, by: client)
    try fixture.read([blob], by: client)
    _ = try write(400, "/p", by: client)
    #expect(store.memory.retained == 400)
    store.endStaleGrants(of: client)
    #expect(store.memory.retained == 0)
    fixture.expectSound()
  }

  @Test("a version that has another name, or is part of an object, stays until that is over")
  func stillUsed() throws {
    let client = fixture.connect(to: try volume())
    let session = client.session
    let (named, _) = try write(10, "/p", by: client)
    try store.putName("/q", to: named, by: client)
    _ = try write(10, "/p", by: client)
    #expect(store.exists(named, in: session))
    store.dropName("/q", in: session)
    #expect(!store.exists(named, in: session))

    let (member, _) = try write(10, "/m", by: client)
    let parent = try fixture.put(members: [member], by: client)
    _ = try write(10, "/m", by: client)
    #expect(store.exists(member, in: session))
    store.delete([parent], force: false, deep: false, by: client)
    #expect(!store.exists(member, in: session))
    fixture.expectSound()
  }

  @Test("members of the former version that have a name of their own stay")
  func namedMembers() throws {
    let client = fixture.connect(to: try volume())
    let (part, _) = try write(10, "/part", by: client)
    let whole = try fixture.put(members: [part], by: client)
    try fixture.name(whole, "/whole", by: client)
    _ = try write(10, "/whole", by: client)
    #expect(!store.exists(whole, in: client.session))
    #expect(fixture.object(named: "/part", in: client.session) == part)
  }

  @Test("a blob that the new version shares with the former one stays")
  func sharedBlob() throws {
    let client = fixture.connect(to: try volume())
    let (_, blob) = try write(400, "/p", by: client)
    let copy = try fixture.put(members: [blob], by: client)
    try store.persist(copy, by: client)
    try store.putName("/p", to: copy, by: client)
    #expect(store.exists(blob, in: client.session) && client.volume?.objectCount == 1)
  }

  @Test("a client that was told of an object by its name can still fetch it")
  func lookedUp() throws {
    let volume = try volume()
    let (writer, reader) = (fixture.connect(to: volume), fixture.connect(to: volume))
    let (first, blob) = try write(300, "/p", by: writer)
    _ = try store.getName("/p", wait: false, by: reader)
    _ = try write(300, "/p", by: writer)
    #expect(store.exists(first, in: volume.session))
    try fixture.read([blob], by: reader)
    #expect(!store.exists(first, in: volume.session))
    #expect(store.memory.retained == 300)
    store.disconnect(reader)
    fixture.expectSound()
  }

  @Test("one that never fetches it keeps nobody from writing")
  func neverFetched() throws {
    let volume = try volume()
    let (writer, reader) = (fixture.connect(to: volume), fixture.connect(to: volume))
    _ = try write(400, "/p", by: writer)
    _ = try store.getName("/p", wait: false, by: reader)
    _ = try write(400, "/p", by: writer)
    _ = try write(400, "/p", by: writer)
    #expect(volume.usage.used <= 800)
    _ = try write(900, "/q", by: fixture.connect(to: try self.otherVolume()))
    fixture.expectSound()
  }

  @Test("a refused allocation looks at no object that lost a name and is still needed")
  func refusalsAreCheap() throws {
    let client = fixture.connect(to: try volume())
    func refusal() -> UInt64 {
      let before = store.work.done
      #expect(code(try store.createBlob(5000, by: client)) == .notEnoughMemory)
      return store.work.done - before
    }
    let few = refusal()
    for number in 0..<500 {
      let former = try fixture.put(by: client)
      try fixture.name(former, "/p", by: client)
      try store.putName("/other\(number)", to: former, by: client)
      let next = try fixture.put(by: client)
      try store.persist(next, by: client)
      try store.putName("/p", to: next, by: client)
      #expect(store.exists(former, in: client.session))
    }
    // The first refusal suspects what was not finished.
    _ = refusal()
    #expect(refusal() <= few + 2 * UInt64(Work.item))
  }

  private func otherVolume() throws -> Volume {
    var settings = Volume.Settings(id: "b")
    settings.quota = 1000
    return try store.openVolume(settings).volume
  }

  @Test("with scope cluster only what came through the same volume goes")
  func clusterScope() throws {
    var settings = Volume.Settings(id: "a")
    settings.scope = .cluster
    settings.overwrite = .delete
    let client = fixture.connect(to: try store.openVolume(settings).volume)
    let (others, _) = try write(10, "/p", by: fixture.connect())
    let (own, _) = try write(10, "/p", by: client)
    #expect(store.exists(others, in: fixture.root))
    _ = try write(10, "/p", by: client)
    #expect(!store.exists(own, in: fixture.root))
    fixture.expectSound()
  }
}
