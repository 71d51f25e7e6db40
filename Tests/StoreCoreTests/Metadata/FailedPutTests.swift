import StoreCore
import StoreProtocol
import Testing

/// Columns that were finished before one did not fit.
@Suite("failed puts")
struct FailedPutTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  private func volume() throws -> Volume { try fixture.open("a", quota: 1000) }

  /// One column as clients make it.
  private func column(_ size: UInt64, by client: Client) throws -> ObjectID {
    let blob = try fixture.sealedBlob(size, by: client)
    let document = try StoreFixture.document(StoreFixture.text("t::Tensor", members: [blob]))
    return try store.createObjects([document], by: client)[0].id
  }

  @Test("go when their maker does")
  func disconnect() throws {
    let volume = try volume()
    let client = fixture.connect(to: volume)
    for _ in 0..<2 { _ = try column(400, by: client) }
    #expect(code(try store.createBlob(400, by: client)) == .notEnoughMemory)
    store.disconnect(client)
    #expect(volume.usage.used == 0 && volume.objectCount == 0)
    fixture.expectSound()
  }

  @Test("make room when it is needed")
  func room() throws {
    let volume = try volume()
    let client = fixture.connect(to: volume)
    for _ in 0..<2 { _ = try column(400, by: client) }
    #expect(code(try store.createBlob(400, by: client)) == .notEnoughMemory)
    _ = try column(900, by: client)
    #expect(volume.usage.used == 900)
  }

  @Test("stay once somebody has asked for them, or when they are complete")
  func asked() throws {
    let volume = try volume()
    let client = fixture.connect(to: volume)
    let complete = try column(100, by: client)
    try store.persist(complete, by: client)
    let asked = try column(400, by: client)
    let other = try column(400, by: client)
    #expect(code(try store.createBlob(400, by: client)) == .notEnoughMemory)
    store.clearSuspicion([asked], in: volume.session)
    store.disconnect(client)
    #expect(store.exists(complete, in: volume.session) && store.exists(asked, in: volume.session))
    #expect(!store.exists(other, in: volume.session))
  }

  @Test("stay outside of volumes, where others may know their ids")
  func root() throws {
    let client = fixture.connect()
    let id = try column(400, by: client)
    #expect(code(try store.createBlob(16 * mebibyte, by: client)) == .notEnoughMemory)
    store.disconnect(client)
    #expect(store.exists(id, in: fixture.root))
  }
}
