import StoreCore
import StoreProtocol
import Testing

/// What becomes of the bytes of deleted blobs that connections were given.
@Suite("deleted memory")
struct DeletedMemoryTests {
  let fixture = StoreFixture(limit: 4096, deletedMemory: .reuse)
  var store: Store { fixture.store }

  /// A blob of 1024 bytes that `reader` was given, deleted by another client.
  private func deletedBlob(seenBy reader: Client) throws -> ObjectID {
    let writer = fixture.connect()
    defer { store.disconnect(writer) }
    let id = try fixture.sealedBlob(1024, by: writer)
    try fixture.read([id], by: reader)
    store.delete([id], force: false, deep: true, by: writer)
    return id
  }

  @Test("deleting ends what the deleting client was given", arguments: DeletedMemoryPolicy.allCases)
  func deleter(policy: DeletedMemoryPolicy) throws {
    let fixture = StoreFixture(limit: 4096, deletedMemory: policy)
    let client = fixture.connect()
    for _ in 0..<10 {
      let id = try fixture.sealedBlob(3000, by: client)
      try fixture.read([id], by: client)
      fixture.store.delete([id], force: false, deep: true, by: client)
    }
    fixture.expectEmpty()
    #expect(fixture.store.takeReuse().blobs == 0)
  }

  @Test("dropping, deleting fast and clearing end it, too")
  func otherWays() throws {
    let client = fixture.connect()
    let ids = try (0..<3).map { _ in try fixture.sealedBlob(1024, by: client) }
    try fixture.read(ids, by: client)
    try store.dropBlob(ids[0], by: client)
    #expect(store.memory.retained == 0)
    _ = try store.deleteBlobs([ids[1]], by: client)
    #expect(store.memory.retained == 0)
    store.clear(fixture.root, by: client)
    fixture.expectEmpty()
  }

  @Test("what a client holds that releases blobs itself stays, whoever deletes it")
  func releasingClient() throws {
    let client = fixture.connect()
    client.releasesBlobs = true
    let id = try fixture.sealedBlob(3000, by: client)
    try fixture.read([id], by: client)
    store.delete([id], force: false, deep: true, by: client)
    store.endStaleGrants(of: client)
    #expect(store.memory.retained == 3000)
    #expect(code(try store.createBlob(2000, by: fixture.connect())) == .notEnoughMemory)
    try store.release(id, by: client)
    fixture.expectEmpty()
  }

  @Test("others keep their views while there is room; then what was deleted longest ago is used again")
  func oldestFirst() throws {
    let reader = store.connect(to: fixture.root, label: "pid 7")
    let writer = fixture.connect()
    let first = try deletedBlob(seenBy: reader)
    let second = try deletedBlob(seenBy: reader)
    _ = try store.createBlob(2048, by: writer)
    #expect(store.memory.retained == 2048 && store.takeReuse().blobs == 0)
    _ = try store.createBlob(1024, by: writer)
    #expect(store.memory.retained == 1024)
    let reuse = store.takeReuse()
    #expect(reuse.blobs == 1 && reuse.bytes == 1024 && reuse.holders == ["pid 7"])
    #expect(code(try store.release(first, by: reader)) == .objectNotExists)
    try store.release(second, by: reader)
    #expect(store.memory.retained == 0)
    fixture.expectSound()
  }

  @Test("many small ones are taken back in steps")
  func steps() throws {
    let (reader, writer) = (fixture.connect(), fixture.connect())
    let ids = try (0..<64).map { _ in try fixture.sealedBlob(64, by: writer) }
    try fixture.read(ids, by: reader)
    store.delete(ids, force: false, deep: true, by: writer)
    var creation = BlobCreation(4096, by: writer)
    var steps = 1
    store.work.allow(10 * UInt64(Work.item))
    while try creation.step(store) == nil {
      steps += 1
      store.work.allow(10 * UInt64(Work.item))
    }
    #expect(steps > 5)
    #expect(store.takeReuse().blobs == 64)
    fixture.expectSound()
  }

  @Test("what a client had that is still on its way out is given back once")
  func departing() throws {
    let (reader, writer) = (fixture.connect(), fixture.connect())
    let ids = try (0..<64).map { _ in try fixture.sealedBlob(64, by: writer) }
    try fixture.read(ids, by: reader)
    store.delete(ids, force: false, deep: true, by: writer)
    store.work.allow(10 * UInt64(Work.entry))
    store.disconnect(reader)
    #expect(store.isReclaiming && store.memory.retained > 0)
    _ = try store.createBlob(4096, by: writer)
    #expect(!store.isReclaiming && store.takeReuse().blobs == 0)
    fixture.expectSound()
  }

  @Test("a request that could not be met anyway takes nothing back")
  func futile() throws {
    let reader = fixture.connect()
    let writer = fixture.connect()
    _ = try deletedBlob(seenBy: reader)
    _ = try store.createBlob(2048, by: writer)
    #expect(code(try store.createBlob(3000, by: writer)) == .notEnoughMemory)
    #expect(code(try store.createBlobs([1500, 1500], by: writer)) == .notEnoughMemory)
    #expect(store.memory.retained == 1024 && store.takeReuse().blobs == 0)
  }

  @Test("with the policy to keep, the refusal names who holds it, the asking client included")
  func kept() throws {
    let fixture = StoreFixture(limit: 4096, deletedMemory: .keep)
    let store = fixture.store
    let asker = store.connect(to: fixture.root, label: "pid 7")
    let other = store.connect(to: fixture.root, label: "pid 8")
    let id = try fixture.sealedBlob(3000, by: asker)
    try fixture.read([id], by: asker)
    try fixture.read([id], by: other)
    let third = fixture.connect()
    store.delete([id], force: false, deep: true, by: third)
    #expect {
      _ = try store.createBlob(2000, by: asker)
    } throws: { error in
      (error as? StoreError)?.message.contains(
        "3000 more are deleted but still mapped by connected clients (pid 7, which asks: 3000 bytes, pid 8: 3000 bytes)"
      )
        == true
    }
  }

  @Test("trimming ends a client's views of what others deleted")
  func trimming() throws {
    let fixture = StoreFixture(limit: 4096, deletedMemory: .keep)
    let (reader, other) = (fixture.connect(), fixture.connect())
    let ids = try (0..<2).map { _ in try fixture.sealedBlob(1024, by: other) }
    try fixture.read(ids, by: reader)
    fixture.store.delete([ids[0]], force: false, deep: true, by: other)
    fixture.store.endStaleGrants(of: reader)
    #expect(fixture.store.memory.retained == 0)
    #expect(try fixture.store.isInUse(ids[1], in: fixture.root))
    fixture.expectSound()
  }

  @Test("bytes that are being sent stay as they are")
  func sending() throws {
    let (remote, writer) = (fixture.connect(), fixture.connect())
    let id = try fixture.sealedBlob(3000, by: writer)
    store.beginSending([id], to: remote)
    store.delete([id], force: false, deep: true, by: remote)
    #expect(code(try store.createBlob(2000, by: writer)) == .notEnoughMemory)
    store.endSending(to: remote)
    fixture.expectEmpty()
  }

  @Test("a blob deleted while it is written is never given to others before its writer goes")
  func writing() throws {
    let (writer, other) = (fixture.connect(), fixture.connect())
    let id = try store.createBlob(3000, by: writer).id
    try fixture.read([id], unsafe: true, by: writer)
    store.delete([id], force: true, deep: true, by: other)
    #expect(code(try store.createBlob(2000, by: other)) == .notEnoughMemory)
    fixture.expectSound()
    store.disconnect(writer)
    fixture.expectEmpty()
  }

  @Test("volumes keep theirs, unless they say otherwise", arguments: [nil, .keep, .reuse] as [DeletedMemoryPolicy?])
  func volumes(policy: DeletedMemoryPolicy?) throws {
    var settings = Volume.Settings(id: "a")
    settings.deletedMemory = policy
    let volume = try store.openVolume(settings).volume
    let (reader, writer) = (fixture.connect(to: volume), fixture.connect(to: volume))
    let id = try fixture.sealedBlob(3000, by: writer)
    try fixture.read([id], by: reader)
    store.delete([id], force: false, deep: true, by: writer)
    let outcome = code(try store.createBlob(2000, by: writer))
    #expect(outcome == (policy == .reuse ? nil : .notEnoughMemory))
    fixture.expectSound()
  }
}
