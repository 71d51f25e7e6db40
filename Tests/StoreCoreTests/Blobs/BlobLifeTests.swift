import StoreCore
import StoreProtocol
import Testing

@Suite("life of a blob")
struct BlobLifeTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  @Test("created, sealed, read, deleted")
  func life() throws {
    let client = fixture.connect()
    let created = try store.createBlob(100, by: client)
    #expect(created.size == 100 && !created.isSealed && created.id.isBlob)
    #expect(created.mappingLength == store.configuration.arenaLength)
    #expect(store.range(of: created.id, in: fixture.root) == ByteRange(offset: created.offset, length: 100))
    try store.seal(created.id, by: client)
    let read = try #require(try fixture.read([created.id], by: client).first)
    #expect(read.isSealed && read.offset == created.offset && read.size == 100)
    store.delete([created.id], force: false, deep: true, by: client)
    #expect(!store.exists(created.id, in: fixture.root))
    store.disconnect(client)
    fixture.expectEmpty()
  }

  @Test("size 0 gives the empty blob, which takes nothing and never goes")
  func emptyBlob() throws {
    let client = fixture.connect()
    #expect(try store.createBlob(0, by: client) == .empty)
    try store.seal(.emptyBlob, by: client)
    try store.shrink(.emptyBlob, to: 0, by: client)
    try store.dropBlob(.emptyBlob, by: client)
    try store.release(.emptyBlob, by: client)
    #expect(try fixture.read([.emptyBlob], by: client) == [.empty])
    #expect(!store.exists(.emptyBlob, in: fixture.root))
    #expect(try !store.isInUse(.emptyBlob, in: fixture.root))
    fixture.expectEmpty()
  }

  @Test("unsealed blobs exist, but are not described and only read with unsafe")
  func unsealed() throws {
    let client = fixture.connect()
    let id = try store.createBlob(100, by: client).id
    #expect(store.exists(id, in: fixture.root))
    #expect(try fixture.render([id]) == "")
    #expect(throws: StoreError(.objectNotSealed, "Failed to get blob with id \(id)")) {
      try fixture.read([id], by: client)
    }
    #expect(try fixture.read([id], unsafe: true, by: client).count == 1)
  }

  @Test("when one of several is unsealed the whole request fails and nothing is given")
  func readAllOrNone() throws {
    let client = fixture.connect()
    let reader = fixture.connect()
    let sealed = try fixture.sealedBlob(64, by: client)
    let unsealed = try store.createBlob(64, by: client).id
    try store.release(sealed, by: client)
    #expect(throws: StoreError.self) { try fixture.read([sealed, unsealed], by: reader) }
    #expect(try !store.isInUse(sealed, in: fixture.root))
    fixture.expectSound()
  }

  @Test("unknown blobs are left out of what is read")
  func unknown() throws {
    let client = fixture.connect()
    let id = try fixture.sealedBlob(64, by: client)
    let read = try fixture.read([ObjectID(1 << 63 | 5), id, .invalid, ObjectID(5)], by: client)
    #expect(read.map(\.id) == [id])
  }

  @Test("sealing is repeatable and open to any client")
  func sealing() throws {
    let (writer, other) = (fixture.connect(), fixture.connect())
    let id = try store.createBlob(64, by: writer).id
    try store.seal(id, by: other)
    try store.seal(id, by: writer)
    #expect(code(try store.seal(ObjectID(1 << 63 | 5), by: writer)) == .objectNotExists)
    store.disconnect(writer)
    #expect(store.exists(id, in: fixture.root))
    fixture.expectSound()
  }

  @Test("a client that goes without sealing leaves nothing behind")
  func abandoned() throws {
    let client = fixture.connect()
    let sealed = try fixture.sealedBlob(64, by: client)
    let unsealed = try store.createBlob(64, by: client).id
    store.disconnect(client)
    #expect(fixture.existing([sealed, unsealed]) == [sealed])
    #expect(store.memory.used == 64)
    fixture.expectSound()
  }

  @Test("several blobs are created together or not at all")
  func batch() throws {
    let client = fixture.connect()
    let payloads = try store.createBlobs([16, 0, 32], by: client)
    #expect(payloads.map(\.size) == [16, 0, 32])
    #expect(payloads[1].id == .emptyBlob)
    #expect(Set(payloads.map(\.id)).count == 3)
    #expect(throws: StoreError.self) { try store.createBlobs([64, 0, 64 * mebibyte], by: client) }
    #expect(store.memory.used == 48)
    fixture.expectSound()
    store.disconnect(client)
    fixture.expectEmpty()
  }

  @Test("shrinking corrects the usage and keeps the place")
  func shrink() throws {
    let client = fixture.connect()
    let blob = try store.createBlob(1000, by: client)
    try store.shrink(blob.id, to: 60, by: client)
    #expect(store.memory.used == 60)
    #expect(store.range(of: blob.id, in: fixture.root) == ByteRange(offset: blob.offset, length: 60))
    try store.shrink(blob.id, to: 0, by: client)
    #expect(store.memory.used == 0)
    fixture.expectSound()
    try store.dropBlob(blob.id, by: client)
    fixture.expectEmpty()
  }

  @Test("[Error] shrink: larger, sealed, unknown")
  func shrinkErrors() throws {
    let client = fixture.connect()
    let id = try store.createBlob(50, by: client).id
    #expect(throws: StoreError(.invalid, "cannot shrink to size 500 since the current size is 50")) {
      try store.shrink(id, to: 500, by: client)
    }
    try store.seal(id, by: client)
    #expect(code(try store.shrink(id, to: 10, by: client)) == .objectSealed)
    let unknown = ObjectID(1 << 63 | 5)
    #expect(code(try store.shrink(unknown, to: 1, by: client)) == .objectNotExists)
  }

  @Test("dropping works on sealed blobs and despite references; unknown ones are an error")
  func drop() throws {
    let client = fixture.connect()
    let id = try fixture.sealedBlob(64, by: client)
    try fixture.read([id], by: client)
    try store.dropBlob(id, by: client)
    #expect(!store.exists(id, in: fixture.root))
    #expect(code(try store.dropBlob(id, by: client)) == .objectNotExists)
    fixture.expectSound()
  }

  @Test("requests about several blobs demand that all exist")
  func allOrNone() throws {
    let client = fixture.connect()
    let id = try fixture.sealedBlob(64, by: client)
    let unknown = ObjectID(1 << 63 | 5)
    try store.requireBlobs([id, .emptyBlob], in: fixture.root)
    #expect(code(try store.requireBlobs([id, unknown], in: fixture.root)) == .objectNotExists)
    #expect(code(try store.requireBlobs([unknown], in: fixture.root)) == .objectNotExists)
    #expect(code(try store.isInUse(unknown, in: fixture.root)) == .objectNotExists)
  }
}
