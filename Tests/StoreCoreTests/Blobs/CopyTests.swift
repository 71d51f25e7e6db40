import JSON
import StoreCore
import StoreProtocol
import Testing

@Suite("copies of blobs of other stores")
struct CopyTests {
  let fixture = StoreFixture(limit: 1 * mebibyte, instance: 1)
  var store: Store { fixture.store }
  let client: Client

  /// The other store, and what it has: an object with a member, each with a blob.
  static let elsewhere: UInt64 = 5
  static let object = ObjectID(0x11)
  static let member = ObjectID(0x12)
  static let blob = RemoteBlob(instance: elsewhere, id: ObjectID(1 << 63 | 0x21))
  static let memberBlob = RemoteBlob(instance: elsewhere, id: ObjectID(1 << 63 | 0x22))

  init() throws {
    client = fixture.connect()
    store.setInstance(Self.elsewhere, Simulation.record)
    try adopt(Self.member, #""b":"l\#(Self.memberBlob.id).vineyard::Blob@5""#, signature: 7)
    try adopt(Self.object, #""b":"l\#(Self.blob.id).vineyard::Blob@5","m":"l\#(Self.member).t::M""#, signature: 8)
  }

  private func adopt(_ id: ObjectID, _ fields: String, signature: Int) throws {
    let text = #"{\#(fields),"instance_id":5,"signature":\#(signature),"transient":false,"typename":"vt::T"}"#
    try store.adoptObject(id, stored: Array(text.utf8), in: fixture.root)
  }

  private func missing(_ id: ObjectID = object, for client: Client? = nil) -> [RemoteBlob] {
    CopyLookup([id], for: client ?? self.client).finish(store)
  }

  /// Fetches blobs of a kibibyte.
  private func fetch(_ blobs: [RemoteBlob], size: UInt64 = kibibyte) throws {
    let incoming = try CopyCreation(blobs.map { ($0, size) }, in: fixture.root).finish(store)
    fixture.expectSound()
    for copy in incoming { store.finish(copy, isComplete: true) }
  }

  private func shown(_ id: ObjectID = object) throws -> String {
    let writer = ByteWriter()
    _ = try Rendering([id], in: fixture.root, into: writer, showsCopies: true).finish(store)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test("given copies of all blobs of an object, then it is shown as this store's, with members, and nothing else is")
  func wholly() throws {
    #expect(missing() == [Self.blob, Self.memberBlob])
    #expect(try shown().contains(#""instance_id":5"#))
    try fetch(missing())
    #expect(missing() == [])
    let text = try shown()
    let copies = [Self.blob, Self.memberBlob].compactMap { store.copy(of: $0, in: fixture.root) }
    #expect(copies.count == 2 && copies.allSatisfy { text.contains("\($0)") })
    #expect(!text.contains(#""instance_id":5"#) && text.contains("\(Self.object)"))
    #expect(try fixture.render([Self.object]).contains(#""instance_id":5"#))
    #expect(try store.listObjects(.wildcard("*"), limit: .max, in: fixture.root) == [Self.object, Self.member])
    fixture.expectSound()
  }

  @Test("given some copies only, then an object shows where its own blob is")
  func partly() throws {
    try fetch([Self.memberBlob])
    let text = try shown()
    #expect(text.contains("\(Self.blob.id)") && text.contains(#""instance_id":1"#))
  }

  @Test("given a global object, then its members keep their instance")
  func global() throws {
    try fetch(missing())
    let text = #"{"typename":"t::G","instance_id":1,"global":true,"m":{"id":"\#(Self.object)"}}"#
    let global = try fixture.create(text).id
    #expect(missing(global) == [])
    #expect(try shown(global).contains(#""instance_id":5"#))
  }

  @Test("given room is needed, then the copy used longest ago goes, and none that somebody maps")
  func eviction() throws {
    try fetch([Self.blob], size: 300 * kibibyte)
    try fetch([Self.memberBlob], size: 200 * kibibyte)
    #expect(missing() == [])
    #expect(code(try fixture.store.createBlob(600 * kibibyte, by: client)) == .notEnoughMemory)
    let other = fixture.connect()
    store.disconnect(client)
    #expect(store.grantCopy(of: Self.blob, to: other))
    _ = try store.createBlob(600 * kibibyte, by: other)
    #expect(store.copy(of: Self.blob, in: fixture.root) != nil)
    #expect(store.copy(of: Self.memberBlob, in: fixture.root) == nil)
    fixture.expectSound()
  }

  @Test("given more than copies may take, then it is refused, and nothing is taken")
  func bound() throws {
    #expect(code(try fetch([Self.blob], size: 600 * kibibyte)) == .notEnoughMemory)
    #expect(store.cache.bytes == 0 && store.memory.used == 0)
    fixture.expectSound()
  }

  @Test("given the original goes, then its copies go, and a blob of the same number stays")
  func deletion() throws {
    try fetch(missing())
    store.adoptRemoval(of: Self.object, in: fixture.root)
    #expect(store.copy(of: Self.blob, in: fixture.root) == nil)
    #expect(store.copy(of: Self.memberBlob, in: fixture.root) != nil)
    store.setInstance(Self.elsewhere, nil)
    #expect(store.cache.count == 0 && store.cache.bytes == 0)
    fixture.expectSound()
  }

  @Test("given an object of another store as a member, then this store has its own, and the original may go")
  func member() throws {
    #expect(code(try fixture.create(#"{"typename":"t::O","instance_id":1,"m":{"id":"\#(Self.object)"}}"#)) != nil)
    try fetch(missing())
    let text = #"{"typename":"t::O","instance_id":1,"m":{"id":"\#(Self.object)"}}"#
    let own = try fixture.create(text).id
    store.adoptRemoval(of: Self.object, in: fixture.root)
    store.adoptRemoval(of: Self.member, in: fixture.root)
    #expect(store.cache.count == 0)
    #expect(try !fixture.render([own]).contains(#""instance_id":5"#))
    #expect(store.memory.used == 2 * kibibyte)
    store.delete([own], force: false, deep: true, by: client)
    store.disconnect(client)
    fixture.expectEmpty()
  }

  @Test("given a copy that an object names, then it stays; a volume that may not have it refuses")
  func kept() throws {
    try fetch(missing())
    let copy = try #require(store.copy(of: Self.blob, in: fixture.root))
    let own = try fixture.object(members: [copy])
    #expect(store.copy(of: Self.blob, in: fixture.root) == nil && store.exists(copy, in: fixture.root))
    store.delete([own], force: false, deep: false, by: client)
    #expect(!store.exists(copy, in: fixture.root))
    fixture.expectSound()
  }

  @Test("given a migration, then the new object has the signature and stands in for the original")
  func migration() throws {
    #expect(try store.migrate(Self.object, in: fixture.root) == nil)
    try fetch(missing())
    let own = try Migration(Self.object, in: fixture.root, of: nil, by: client, isTransient: false).finish(store)
    #expect(try store.migrate(Self.object, in: fixture.root) == own)
    #expect(try store.migrate(own, in: fixture.root) == own)
    let text = try fixture.render([own])
    #expect(text.contains(#""signature":8"#) && !text.contains(#""instance_id":5"#))
    #expect(text.contains(#""transient":false"#))
    #expect(store.cache.count == 0)
    fixture.expectSound()
  }
}
