import StoreCore
import StoreProtocol
import Testing

/// The bytes a client was given are not given to others before it lets go of them.
@Suite("grants")
struct GrantTests {
  let fixture = StoreFixture(limit: 4096)
  var store: Store { fixture.store }

  /// Whether 4096 bytes, the whole arena, could be had now.
  private func isWholeArenaFree() -> Bool {
    let probe = fixture.connect()
    defer { store.disconnect(probe) }
    return (try? store.createBlob(4096, by: probe)) != nil
  }

  @Test("the bytes of a deleted blob are retained while its reader lives, and release ends that")
  func readerReleases() throws {
    let (writer, reader) = (fixture.connect(), fixture.connect())
    let id = try fixture.sealedBlob(4096, by: writer)
    try fixture.read([id], by: reader)
    store.delete([id], force: false, deep: true, by: writer)
    #expect(store.memory.used == 0 && store.memory.retained == 4096)
    #expect(!isWholeArenaFree())
    try store.release(id, by: reader)
    #expect(isWholeArenaFree())
    fixture.expectEmpty()
  }

  @Test("a disconnecting reader lets go of everything it was given")
  func readerDisconnects() throws {
    let (writer, reader) = (fixture.connect(), fixture.connect())
    let ids = try [64, 128].map { try fixture.sealedBlob($0, by: writer) }
    try fixture.read(ids, by: reader)
    store.delete(ids, force: false, deep: true, by: writer)
    #expect(store.memory.retained == 192)
    store.disconnect(reader)
    fixture.expectEmpty()
  }

  @Test("with two readers the last one to go frees the bytes")
  func twoReaders() throws {
    let (first, second) = (fixture.connect(), fixture.connect())
    let id = try fixture.sealedBlob(4096, by: first)
    try fixture.read([id], by: first)
    store.increaseReferences([id, ObjectID(1 << 63 | 5), .emptyBlob], by: second)
    store.delete([id], force: false, deep: true, by: first)
    #expect(!isWholeArenaFree())
    store.disconnect(second)
    #expect(isWholeArenaFree())
  }

  @Test("reading twice is one grant")
  func readTwice() throws {
    let client = fixture.connect()
    let id = try fixture.sealedBlob(64, by: client)
    try fixture.read([id, id], by: client)
    try fixture.read([id], by: client)
    #expect(try store.isInUse(id, in: fixture.root))
    try store.release(id, by: client)
    #expect(try !store.isInUse(id, in: fixture.root))
  }

  @Test("the writer's grant ends with the seal")
  func sealEndsWriting() throws {
    let (writer, other) = (fixture.connect(), fixture.connect())
    let id = try fixture.sealedBlob(4096, by: writer)
    store.delete([id], force: false, deep: true, by: other)
    #expect(isWholeArenaFree())
  }

  @Test("a blob deleted by another client while it is written is retained until its writer goes")
  func deletedWhileWritten() throws {
    let (writer, other) = (fixture.connect(), fixture.connect())
    let id = try store.createBlob(4096, by: writer).id
    store.delete([id], force: true, deep: true, by: other)
    #expect(!store.exists(id, in: fixture.root))
    #expect(store.memory.retained == 4096)
    #expect(!isWholeArenaFree())
    store.disconnect(writer)
    fixture.expectEmpty()
  }

  @Test("a writer that drops its own blob gives the bytes back at once")
  func droppedByWriter() throws {
    let writer = fixture.connect()
    let id = try store.createBlob(4096, by: writer).id
    try store.dropBlob(id, by: writer)
    #expect(isWholeArenaFree())
  }

  @Test("clearing leaves alone what other connections are still writing")
  func clearing() throws {
    let (writer, other) = (fixture.connect(), fixture.connect())
    let unsealed = try store.createBlob(64, by: writer).id
    _ = try store.createBlob(128, by: other)
    _ = try fixture.sealedBlob(256, by: writer)
    store.clear(fixture.root, by: other)
    #expect(store.memory.used == 64 && store.memory.retained == 0)
    try store.seal(unsealed, by: writer)
    store.clear(fixture.root, by: other)
    fixture.expectEmpty()
  }

  @Test("clearing on nobody's behalf protects every writer")
  func clearingByNobody() throws {
    let writer = fixture.connect()
    _ = try store.createBlob(4096, by: writer)
    store.clear(fixture.root)
    #expect(!isWholeArenaFree())
    store.disconnect(writer)
    fixture.expectEmpty()
  }

  @Test("a reader with unsafe is protected when the writer goes")
  func unsafeReader() throws {
    let (writer, reader) = (fixture.connect(), fixture.connect())
    let id = try store.createBlob(4096, by: writer).id
    try fixture.read([id], unsafe: true, by: reader)
    store.disconnect(writer)
    #expect(!store.exists(id, in: fixture.root))
    #expect(!isWholeArenaFree())
    store.disconnect(reader)
    fixture.expectEmpty()
  }

  @Test("the tail of a shrunk blob is reused only when nobody else was given it, and stays charged until then")
  func shrunkTail() throws {
    let (writer, reader) = (fixture.connect(), fixture.connect())
    let id = try store.createBlob(4096, by: writer).id
    try fixture.read([id], unsafe: true, by: reader)
    try store.shrink(id, to: 64, by: writer)
    #expect(store.memory.used == 4096)
    #expect(code(try store.createBlob(2048, by: writer)) == .notEnoughMemory)
    try store.release(id, by: reader)
    try store.shrink(id, to: 63, by: writer)
    #expect(throws: Never.self) { try store.createBlob(2048, by: writer) }
    fixture.expectSound()
  }

  @Test("however many large blobs are shrunk to nothing, what is charged has room for their remains")
  func scattered() throws {
    let fixture = StoreFixture(limit: 64 * mebibyte, arena: 256 * mebibyte)
    let (tenant, other) = (fixture.connect(to: try fixture.open("a", quota: 16 * mebibyte)), fixture.connect())
    var count = 0
    while let id = try? fixture.store.createBlob(8 * mebibyte, by: tenant).id {
      try fixture.store.shrink(id, to: 0, by: tenant)
      count += 1
    }
    #expect(count == 5 && tenant.volume?.usage.used == 10 * mebibyte)
    #expect(throws: Never.self) { try fixture.store.createBlob(48 * mebibyte, by: other) }
    fixture.expectSound()
  }

  @Test("a blob that another client shrinks keeps its tail for the writer")
  func shrunkByOther() throws {
    let (writer, other) = (fixture.connect(), fixture.connect())
    let id = try store.createBlob(4096, by: writer).id
    try store.shrink(id, to: 64, by: other)
    #expect(code(try store.createBlob(2048, by: other)) == .notEnoughMemory)
    fixture.expectSound()
  }

  @Test("[Error] release of what was not given; whoever sealed a blob counts as its user until it releases it")
  func releaseErrors() throws {
    let (client, other) = (fixture.connect(), fixture.connect())
    let unsealed = try store.createBlob(64, by: client).id
    #expect(code(try store.release(unsealed, by: client)) == .keyError)
    try store.seal(unsealed, by: client)
    #expect(try store.isInUse(unsealed, in: fixture.root))
    #expect(code(try store.release(ObjectID(1 << 63 | 5), by: client)) == .objectNotExists)
    #expect(code(try store.release(unsealed, by: other)) == .keyError)
    try store.release(unsealed, by: client)
    #expect(try !store.isInUse(unsealed, in: fixture.root))
    #expect(code(try store.release(unsealed, by: client)) == .keyError)
  }

  @Test("moving to another session lets go of everything first")
  func move() throws {
    let client = fixture.connect()
    let session = store.openSession(.normal)
    let id = try fixture.sealedBlob(64, by: client)
    try fixture.read([id], by: client)
    let moved = store.move(client, to: session)
    #expect(fixture.root.connections == 0 && session.connections == 1)
    #expect(try !store.isInUse(id, in: fixture.root))
    #expect(try fixture.read([id], by: moved).isEmpty)
  }

  @Test("moving to another session lets go in steps")
  func moveInSteps() throws {
    let fixture = StoreFixture()
    let store = fixture.store
    let client = fixture.connect()
    let session = store.openSession(.normal)
    for _ in 0..<10_000 { _ = try store.createBlob(64, by: client) }
    store.work.allow(1000)
    let before = store.work.done
    _ = store.move(client, to: session)
    #expect(session.connections == 1 && store.isReclaiming)
    #expect(store.work.done - before < 100_000)
    store.work.allow(.max / 2)
    store.reclaim()
    #expect(fixture.root.connections == 0 && store.memory.used == 0)
  }
}
