import StoreCore
import StoreProtocol
import Testing

@Suite("object listings")
struct ListingTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  private func list(_ pattern: TextPattern, limit: UInt64 = 100) throws -> [ObjectID] {
    try store.listObjects(pattern, limit: limit, in: fixture.root)
  }

  @Test("objects come in ascending order of their ids, also those created under ids of their own")
  func order() throws {
    let later = try fixture.object("t::A")
    try fixture.create(
      #"{"typename":"t::P","instance_id":0,"m":{"id":"o0000000000000102","typename":"t::A","instance_id":0},"#
        + #""n":{"id":"o0000000000000101","typename":"t::A","instance_id":0}}"#)
    #expect(try list(.wildcard("t::A")) == [ObjectID(0x101), ObjectID(0x102), later])
    #expect(try list(.wildcard("t::A"), limit: 2) == [ObjectID(0x101), ObjectID(0x102)])
    #expect(try list(.wildcard("t::A"), limit: 0) == [])
    #expect(try list(.wildcard("t::A"), limit: .max).count == 3)
    fixture.expectSound()
  }

  @Test("sealed blobs are appended when the wildcard matches theirs and the limit allows")
  func blobs() throws {
    let client = fixture.connect()
    let blobs = try (0..<3).map { _ in try fixture.sealedBlob(64, by: client) }
    _ = try store.createBlob(64, by: client)
    let object = try fixture.object("vineyard::A")
    #expect(try list(.wildcard("vineyard::*")) == [object] + blobs)
    #expect(try list(.wildcard("*"), limit: 3) == [object] + blobs.prefix(2))
    #expect(try list(.wildcard("vineyard::Blob")) == blobs)
    #expect(try list(.wildcard("vineyard::A")) == [object])
  }

  @Test("a regular expression matches whole type names, and as such never blobs")
  func expressions() throws {
    let client = fixture.connect()
    let blob = try fixture.sealedBlob(64, by: client)
    let tensor = try fixture.object("vineyard::Tensor<int64>")
    #expect(try list(.regularExpression(".*")) == [tensor])
    #expect(try list(.regularExpression("vineyard::Tensor<.*>")) == [tensor])
    #expect(try list(.regularExpression("vineyard::Tensor")) == [])
    #expect(try list(.regularExpression("vineyard::(Tensor|Blob)<?.*")) == [tensor])
    #expect(try list(.regularExpression("*")) == [blob])
    #expect(try list(.regularExpression("vineyard::Blob")) == [blob])
  }

  @Test("listings stay right while many objects come and go")
  func churn() throws {
    let client = fixture.connect()
    var alive = try (0..<300).map { _ in try fixture.object("t::A") }
    for step in 0..<250 {
      store.delete([alive.remove(at: (step * 7) % alive.count)], force: false, deep: true, by: client)
      if step % 5 == 0 { alive.append(try fixture.object("t::A")) }
    }
    #expect(try list(.wildcard("t::A"), limit: .max) == alive)
    fixture.expectSound()
  }
}
