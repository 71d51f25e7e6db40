import StoreCore
import StoreProtocol
import Testing

@Suite("plasma sessions")
struct PlasmaTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }
  let session: Session
  let client: Client
  let other: Client

  init() {
    session = fixture.store.openSession(.plasma)
    client = fixture.store.connect(to: session)
    other = fixture.store.connect(to: session)
  }

  private func create(_ name: String, _ size: UInt64 = 64) throws -> PlasmaPayload {
    try store.createPlasmaBlob(name, size: size, plasmaSize: size / 2, by: client)
  }

  private func read(_ names: [String], unsafe: Bool = false, by reader: Client? = nil) throws -> [String] {
    try store.readPlasma(names, unsafe: unsafe, by: reader ?? client).map(\.id)
  }

  @Test("created, sealed, read; the last release deletes")
  func life() throws {
    let created = try create("p")
    #expect(created.id == "p" && created.size == 32 && created.references == 0 && created.payload.size == 64)
    try store.sealPlasma("p", by: client)
    let read = try #require(try store.readPlasma(["p", "q"], unsafe: false, by: other).first)
    #expect(read.references == 1 && read.payload.isSealed)
    try store.releasePlasma("p", by: client)
    #expect(try self.read(["p"], by: other) == ["p"])
    try store.releasePlasma("p", by: other)
    #expect(try self.read(["p"], by: other) == [])
    fixture.expectEmpty()
  }

  @Test("[Error] in use, unknown, not sealed, not referenced, another kind of session")
  func errors() throws {
    _ = try create("p")
    #expect(
      code(try store.createPlasmaBlob("p", size: 1, plasmaSize: 1, by: client)) == .objectExists)
    #expect(code(try store.sealPlasma("q", by: client)) == .objectNotExists)
    #expect(code(try store.deletePlasma("q", by: client)) == .objectNotExists)
    #expect(code(try store.releasePlasma("p", by: client)) == .objectNotExists)
    #expect(
      code(try store.readPlasma(["p"], unsafe: false, by: client)) == .objectNotSealed)
    let root = fixture.connect()
    #expect(
      code(try store.createPlasmaBlob("r", size: 1, plasmaSize: 1, by: root)) == .invalid)
    #expect(code(try store.readPlasma([], unsafe: true, by: root)) == .invalid)
    #expect(
      code(try store.createPlasmaBlob("big", size: 1 << 40, plasmaSize: 1, by: client))
        == .notEnoughMemory)
    #expect(try read(["big"]) == [])
  }

  @Test("disconnecting releases what a reader held")
  func disconnecting() throws {
    _ = try create("held")
    try store.sealPlasma("held", by: client)
    _ = try read(["held"], by: other)
    _ = try create("unsealed")
    store.disconnect(client)
    #expect(try read(["held", "unsealed"], unsafe: true, by: other) == ["held"])
    store.disconnect(other)
    fixture.expectEmpty()
  }

  @Test("deleting frees the name; a reader's bytes are retained")
  func deleting() throws {
    _ = try create("p")
    try store.sealPlasma("p", by: client)
    _ = try read(["p"], by: other)
    try store.deletePlasma("p", by: client)
    #expect(store.memory.retained == 64)
    _ = try create("p")
    fixture.expectSound()
    store.disconnect(other)
    store.disconnect(client)
    fixture.expectEmpty()
  }

  @Test("size 0 works without a blob")
  func empty() throws {
    #expect(try create("e", 0).payload == .empty)
    #expect(try read(["e"]) == ["e"])
    try store.sealPlasma("e", by: client)
    try store.releasePlasma("e", by: client)
    #expect(try read(["e"]) == [])
  }

  @Test("a name whose blob was deleted by id or by clear is unknown and free")
  func blobDeleted() throws {
    for delete in [
      { (id: ObjectID) in _ = store.delete([id], force: true, deep: true, by: client) },
      { (id: ObjectID) in try store.dropBlob(id, by: client) }, { _ in store.clear(session, by: client) },
    ] as [(ObjectID) throws -> Void] {
      let id = try create("p").payload.id
      try store.sealPlasma("p", by: client)
      try delete(id)
      #expect(try read(["p"]) == [])
      #expect(code(try store.sealPlasma("p", by: client)) == .objectNotExists)
    }
    _ = try create("p")
    fixture.expectSound()
  }
}
