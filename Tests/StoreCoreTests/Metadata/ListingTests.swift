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

  @Test("a match of a long text rests after each slice of work, and is right in the end", arguments: [true, false])
  func resting(matches: Bool) throws {
    let long = "t::" + String(repeating: "ab", count: 8000)
    let object = try fixture.object(long + (matches ? "x" : "y"))
    for pattern in [
      TextPattern.regularExpression("t::(\(Array(repeating: "a|ab|b", count: 20).joined(separator: "|")))*x"),
      .wildcard("*" + String(repeating: "ab", count: 60) + "x"),
    ] {
      var listing = ObjectListing(pattern, limit: 10, in: fixture.root)
      var (steps, found) = (0, [ObjectID]?.none)
      while found == nil {
        let before = store.work.done
        store.work.allow(100_000)
        found = try listing.step(store)
        #expect(store.work.done - before < 200_000, "a slice, and what cannot be cut further")
        steps += 1
      }
      #expect(found == (matches ? [object] : []))
      #expect(steps > 20, "\(steps) steps")
    }
  }

  @Test("an object that goes while its type is matched, and another under its id, are looked at anew")
  func replacedWhileResting() throws {
    let client = fixture.connect()
    let long = "t::" + String(repeating: "ab", count: 8000)
    let first = try fixture.object(long)
    var listing = ObjectListing(.wildcard("*" + String(repeating: "ab", count: 60) + "x"), limit: 10, in: fixture.root)
    store.work.allow(100_000)
    #expect(try listing.step(store) == nil)
    store.delete([first], force: false, deep: true, by: client)
    let second = try fixture.object(long + "x")
    #expect(try listing.finish(store) == [second])
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
