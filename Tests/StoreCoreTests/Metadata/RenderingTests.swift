import JSON
import StoreCore
import StoreProtocol
import Testing

/// Replies are the transcripts of the protocol notes, byte for byte.
@Suite("rendering")
struct RenderingTests {
  let fixture = StoreFixture(limit: 256 * mebibyte)
  var store: Store { fixture.store }

  static let array =
    #""o68820f1e80800002":{"__timestamp":1795434510850,"buffer_":{"id":"oe8820f1e7f000000","instance_id":0,"length":0,"#
    + #""nbytes":0,"transient":true,"typename":"vineyard::Blob"},"global":false,"id":"o68820f1e80800002","instance_id":0,"#
    + #""nbytes":1048576,"order_":"\"C\"","partition_index_":"[]","shape_":"[131072]","signature":7530598150596198401,"#
    + #""transient":true,"typename":"vineyard::Tensor<int64>","value_type_":"int64","value_type_meta_":"<i8"}"#

  static let dictionary =
    #""o68820f2055800005":{"__name":"~1run~1vydemo~1csi~1obj~1mydict","__timestamp":1795434512726,"#
    + #""buffer_":{"id":"oe8820f2055400003","instance_id":0,"length":0,"nbytes":0,"transient":true,"#
    + #""typename":"vineyard::Blob"},"global":false,"id":"o68820f2055800005","instance_id":0,"nbytes":38,"#
    + #""signature":7530598158464712708,"size_":38,"transient":false,"typename":"vineyard::PickleBuffer"}"#

  /// The array of transcript 9.2.
  private func putArray(by client: Client) throws -> ObjectID {
    fixture.advance(to: 1_795_434_510_844)
    let blob = try fixture.sealedBlob(1_048_576, by: client)
    fixture.advance(to: 1_795_434_510_850, sequence: 1)
    let created = try fixture.create(
      #"{"buffer_":{"id":"\#(blob)","instance_id":0,"length":1048576,"nbytes":1048576,"transient":true,"#
        + #""typename":"vineyard::Blob"},"global":false,"instance_id":0,"nbytes":1048576,"order_":"\"C\"","#
        + #""partition_index_":"[]","shape_":"[131072]","transient":true,"typename":"vineyard::Tensor<int64>","#
        + #""value_type_":"int64","value_type_meta_":"<i8"}"#)
    #expect(created.id.rawValue == 7_530_598_150_596_198_402)
    #expect(created.signature == 7_530_598_150_596_198_401)
    return created.id
  }

  /// The pickled dict of transcript 9.3, persisted and named.
  private func writeDictionary(by client: Client) throws -> ObjectID {
    fixture.advance(to: 1_795_434_512_725, sequence: 3)
    let blob = try fixture.sealedBlob(38, by: client)
    fixture.advance(to: 1_795_434_512_726, sequence: 4)
    let created = try fixture.create(
      #"{"buffer_":{"id":"\#(blob)","instance_id":0,"length":38,"nbytes":38,"transient":true,"#
        + #""typename":"vineyard::Blob"},"global":false,"instance_id":0,"nbytes":38,"size_":38,"transient":true,"#
        + #""typename":"vineyard::PickleBuffer"}"#)
    #expect(created.id.rawValue == 7_530_598_158_464_712_709)
    #expect(created.signature == 7_530_598_158_464_712_708)
    try store.persist(created.id, in: fixture.root)
    try store.putName("/run/vydemo/csi/obj/mydict", to: created.id, in: fixture.root)
    return created.id
  }

  @Test("9.2: a numpy array")
  func numpyArray() throws {
    let id = try putArray(by: fixture.connect())
    #expect(try fixture.render([id]) == Self.array)
  }

  @Test("9.3 and 9.4: a persisted and named dict, its name in escaped form")
  func namedDictionary() throws {
    let id = try writeDictionary(by: fixture.connect())
    #expect(try fixture.render([id]) == Self.dictionary)
  }

  @Test("9.5: a listing has objects by ascending id, then sealed blobs with their sizes")
  func listing() throws {
    let client = fixture.connect()
    _ = try putArray(by: client)
    _ = try writeDictionary(by: client)
    _ = try store.createBlob(64, by: client)
    let ids = try store.listObjects(.wildcard("vineyard::*"), limit: 10, in: fixture.root)
    let blob = { (id: String, size: Int) in
      #""\#(id)":{"id":"\#(id)","instance_id":0,"length":\#(size),"nbytes":\#(size),"transient":true,"#
        + #""typename":"vineyard::Blob"}"#
    }
    #expect(
      try fixture.render(ids)
        == [Self.array, Self.dictionary, blob("oe8820f1e7f000000", 1_048_576), blob("oe8820f2055400003", 38)]
        .joined(separator: ","))
  }

  @Test("3.4: an int; strings, numbers and booleans keep their text")
  func scalars() throws {
    fixture.advance(to: 1_795_433_089_017, sequence: 8)
    let created = try fixture.create(
      #"{ "value_" : 42, "typename":"vineyard::Scalar<int>","type_":"int","transient":true,"nbytes":0, "#
        + #""instance_id":0,"global":false }"#)
    #expect(
      try fixture.render([created.id])
        == #""o688209b1fe400009":{"__timestamp":1795433089017,"global":false,"id":"o688209b1fe400009","#
        + #""instance_id":0,"nbytes":0,"signature":7530592186996359176,"transient":true,"type_":"int","#
        + #""typename":"vineyard::Scalar<int>","value_":42}"#)
    let verbatim = #""A":[1, "x"],"a/b~":1.50e3,"b\"\\":"\u00e9\/","c":null,"d":-0"#
    let id = try fixture.create("{\(verbatim),\"typename\":\"t\",\"instance_id\":0}").id
    let rendered = try fixture.render([id])
    for field in [#""A":[1, "x"],"__timestamp":"#, #""a/b~":1.50e3,"b\"\\":"\u00e9\/","c":null,"d":-0,"id":"o"#] {
      #expect(rendered.contains(field))
    }
  }

  @Test("a tuple nests its elements whole")
  func nested() throws {
    let element = try fixture.create(#"{"typename":"t::E","instance_id":0,"value_":1}"#)
    let parent = try fixture.object("t::P", members: [element.id])
    let inner = try fixture.render([element.id]).dropFirst("\"o0123456789abcdef\":".count)
    #expect(try fixture.render([parent]).contains("\"m0\":\(inner),\"signature\""))
  }

  @Test("what doesn't exist is left out; unsealed blobs are not described, the empty blob is")
  func absent() throws {
    let client = fixture.connect()
    let unsealed = try store.createBlob(64, by: client).id
    #expect(try fixture.render([ObjectID(7), unsealed, .invalid]) == "")
    #expect(
      try fixture.render([.emptyBlob])
        == #""o8000000000000000":{"id":"o8000000000000000","instance_id":0,"length":0,"nbytes":0,"transient":true,"#
        + #""typename":"vineyard::Blob"}"#)
  }

  @Test("a blob that is gone keeps its stub in its parent, with the instance of the link")
  func danglingBlob() throws {
    let id = try fixture.create(
      #"{"typename":"t::P","instance_id":4,"m":\#(StoreFixture.blobMember(ObjectID(1 << 63 | 5), instance: 4))}"#
    ).id
    #expect(
      try fixture.render([id]).contains(
        #""m":{"id":"o8000000000000005","instance_id":4,"length":0,"nbytes":0,"transient":true,"#
          + #""typename":"vineyard::Blob"}"#))
  }

  @Test("metadata whose nesting would fill more than a message is refused instead of rendered")
  func explosion() throws {
    var id = try fixture.create(
      "{\"typename\":\"t\",\"instance_id\":0,\"x\":\"\(String(repeating: "x", count: 1 << 20))\"}"
    ).id
    for _ in 0..<12 { id = try fixture.object("t::Twice", members: [id, id]) }
    let last = id
    #expect(code(try store.render([last], in: fixture.root, into: ByteWriter(repliesWithin: nil))) == .invalid)
  }

  @Test("chains of members longer than the stack should bear are cut off")
  func longChain() throws {
    var id = try fixture.object()
    for _ in 0..<1100 { id = try fixture.object(members: [id]) }
    #expect(try fixture.render([id]).contains("{\"id\":\"o"))
    try store.persist(id, in: fixture.root)
    store.delete([id], force: false, deep: true, by: fixture.connect())
    fixture.expectEmpty()
    #expect(fixture.root.objectCount == 0)
  }
}
