import StoreCore
import StoreProtocol
import Testing

@Suite("sessions")
struct SessionTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  @Test("sessions don't see each other's blobs, objects and names, and share the memory")
  func isolation() throws {
    let session = store.openSession(.normal)
    let (inside, outside) = (store.connect(to: session), fixture.connect())
    let blob = try fixture.sealedBlob(100, by: inside)
    let object = try fixture.object(in: session)
    try store.persist(object, in: session)
    try store.putName("n", to: object, in: session)
    #expect(fixture.existing([blob, object]).isEmpty)
    #expect(try fixture.read([blob], by: outside).isEmpty)
    #expect(throws: StoreError.self) { try store.getName("n", wait: false, in: fixture.root) }
    #expect(store.memory.used == 100)
    let other = try fixture.sealedBlob(100, by: outside)
    #expect(store.liveRanges(in: session).map(\.id) == [blob])
    #expect(store.liveRanges(in: fixture.root).map(\.id) == [other])
    #expect(store.liveRanges(in: session)[0].range.offset != store.liveRanges(in: fixture.root)[0].range.offset)
    fixture.expectSound()
  }

  @Test("closing a session frees everything in it")
  func closing() throws {
    let session = store.openSession(.plasma)
    let client = store.connect(to: session)
    _ = try fixture.sealedBlob(100, by: client)
    let stream = try fixture.object(in: session)
    try store.createStream(stream, in: session)
    _ = try store.nextStreamChunk(stream, size: 50, by: client)
    _ = try store.createPlasmaBlob("p", size: 10, plasmaSize: 10, by: client)
    try store.sealPlasma("p", by: client)
    #expect(session.connections == 1)
    store.disconnect(client)
    #expect(session.connections == 0)
    store.closeSession(session)
    #expect(store.sessions.count == 1)
    fixture.expectEmpty()
  }

  @Test("sessions have ids of their own; the root's is 0")
  func ids() {
    let sessions = (0..<10).map { _ in store.openSession(.normal) }
    #expect(fixture.root.id == 0 && fixture.root.kind == .normal)
    #expect(Set(sessions.map(\.id)).count == 10)
    #expect(sessions.allSatisfy { $0.id >> 63 == 0 && $0.id != 0 })
  }

  @Test("ids have the layout of the original and stay unique when the clock stands still or steps back")
  func idLayout() {
    var ids = IDGenerator(instance: 1)
    let time: UInt64 = 1_795_434_555_945
    _ = ids.objectID(now: time)
    _ = ids.objectID(now: time)
    #expect(ids.objectID(now: time) == ObjectID(0x6882_0f4a_8a40_1002))
    let blob = ids.blobID(now: time)
    #expect(blob.isBlob && blob.rawValue & 0x3ff000 == 0x1000 && blob.rawValue & 0xfff == 3)
    var seen: Set<UInt64> = []
    for step in 0..<20_000 {
      let now = time - UInt64(step % 3)
      #expect(seen.insert(ids.objectID(now: now).rawValue & ~0x3ff000).inserted)
      #expect(seen.insert(ids.signature(now: now) & ~0x3ff000).inserted)
    }
    var atZero = IDGenerator(instance: 0)
    #expect(atZero.blobID(now: 0) != .emptyBlob)
    #expect(atZero.sessionID(now: 0) != 0)
  }
}

@Suite("locks")
struct LockTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  @Test("a lock is held by one client; the next waits until it is released")
  func waiting() {
    let (first, second) = (fixture.connect(), fixture.connect())
    #expect(!isParked(store.acquireLock("k", by: first)))
    #expect(!isParked(store.acquireLock("k", by: first)))
    #expect(isParked(store.acquireLock("k", by: second)))
    #expect(!store.releaseLock("k", by: second))
    #expect(store.takeChanges().isEmpty)
    #expect(store.releaseLock("k", by: first))
    #expect(store.takeChanges() == [.lock(scope: 0, "k")])
    #expect(!isParked(store.acquireLock("k", by: second)))
  }

  @Test("a lock goes with the client that holds it")
  func disconnecting() {
    let (first, second) = (fixture.connect(), fixture.connect())
    _ = store.acquireLock("k", by: first)
    _ = store.acquireLock("l", by: first)
    store.disconnect(first)
    #expect(store.takeChanges() == [.lock(scope: 0, "k"), .lock(scope: 0, "l")])
    #expect(!isParked(store.acquireLock("k", by: second)))
  }

  @Test("releasing what nobody holds succeeds")
  func unknown() {
    #expect(store.releaseLock("k", by: fixture.connect()))
  }
}
