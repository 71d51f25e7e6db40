import StoreCore
import StoreProtocol
import Testing

@Suite("global objects")
struct GlobalObjectTests {
  let fixture = StoreFixture(instance: 1)
  var store: Store { fixture.store }

  static let first =
    #"{"__name":"arr","__timestamp":1795434555945,"buffer_":{"id":"oe8820f4a7e400000","instance_id":1,"length":0,"#
    + #""nbytes":0,"transient":true,"typename":"vineyard::Blob"},"global":false,"id":"o68820f4a8a401002","#
    + #""instance_id":1,"nbytes":32,"signature":7530598338828173313,"transient":false,"#
    + #""typename":"vineyard::Tensor<int64>"}"#

  static let second =
    #"{"__timestamp":1795434555958,"buffer_":{"id":"oe8820f4a8d400003","instance_id":1,"length":0,"nbytes":0,"#
    + #""transient":true,"typename":"vineyard::Blob"},"global":false,"id":"o68820f4a8d801005","instance_id":1,"#
    + #""nbytes":16,"signature":7530598339792867332,"transient":false,"typename":"vineyard::Tensor<int64>"}"#

  private func tensor(_ blob: String, _ bytes: Int, signature: String = "") -> String {
    #"{"buffer_":{"id":"\#(blob)","instance_id":1,"typename":"vineyard::Blob"},"global":false,"instance_id":1,"#
      + #""nbytes":\#(bytes),\#(signature)"typename":"vineyard::Tensor<int64>"}"#
  }

  @Test("9.10: a member given as the original's id reads back as the local copy with the same signature")
  func localCopy() throws {
    fixture.advance(to: 1_795_434_555_945, sequence: 2)
    let copy = try fixture.create(tensor("oe8820f4a7e400000", 32, signature: "\"signature\":7530598338828173313,"))
    #expect(copy.id.rawValue == 7_530_598_339_738_341_378)
    try store.persist(copy.id, in: fixture.root)
    try store.putName("arr", to: copy.id, in: fixture.root)
    fixture.advance(to: 1_795_434_555_958, sequence: 4)
    let local = try fixture.create(tensor("oe8820f4a8d400003", 16))
    #expect(local.id.rawValue == 7_530_598_339_792_867_333)
    try store.persist(local.id, in: fixture.root)
    fixture.advance(to: 1_795_434_555_968, sequence: 6)
    let original =
      #"{"id":"o68820f4a54000002","instance_id":0,"signature":7530598338828173313,"typename":"vineyard::Tensor<int64>"}"#
    let global = try fixture.create(
      #"{"global":true,"instance_id":1,"nbytes":0,"partition_shape_":"[]","partitions_-0":\#(original),"#
        + #""partitions_-1":{"id":"o68820f4a8d801005"},"partitions_-size":2,"shape_":"[6]","transient":true,"#
        + #""typename":"vineyard::GlobalTensor"}"#)
    #expect(global.id.rawValue == 7_530_598_339_834_810_375)
    #expect(global.signature == 7_530_598_339_834_810_374)
    #expect(global.instance == InstanceID.unspecified)
    #expect(
      try fixture.render([global.id])
        == #""o68820f4a90001007":{"__timestamp":1795434555968,"global":true,"id":"o68820f4a90001007","#
        + #""instance_id":18446744073709551615,"nbytes":0,"partition_shape_":"[]","partitions_-0":\#(Self.first),"#
        + #""partitions_-1":\#(Self.second),"partitions_-size":2,"shape_":"[6]","signature":7530598339834810374,"#
        + #""transient":true,"typename":"vineyard::GlobalTensor"}"#)
    fixture.expectSound()
  }

  @Test("a global object keeps its members alive, and persisting it persists them")
  func members() throws {
    let member = try fixture.create(#"{"typename":"t::M","instance_id":1}"#).id
    let global = try fixture.create(
      #"{"typename":"t::G","instance_id":1,"global":true,"m":{"id":"\#(member)"}}"#
    ).id
    let client = fixture.connect()
    store.delete([member], force: false, deep: true, by: client)
    #expect(store.exists(member, in: fixture.root))
    try store.persist(global, in: fixture.root)
    #expect(try store.isPersistent(member, in: fixture.root))
    store.delete([global], force: false, deep: true, by: client)
    #expect(fixture.root.objectCount == 0)
  }

  @Test("a global object cannot be a member of one, nor of a local object elsewhere")
  func nesting() throws {
    let remote = #"{"id":"o0000000000000101","typename":"t::M","instance_id":5}"#
    let global = try fixture.create(#"{"typename":"t::G","instance_id":1,"global":true,"m":\#(remote)}"#).id
    func parent(_ isGlobal: Bool) throws -> MetadataDocument {
      try StoreFixture.document(
        #"{"typename":"t::P","instance_id":1,"global":\#(isGlobal),"m":{"id":"\#(global)"}}"#)
    }
    for document in [try parent(true), try parent(false)] {
      #expect(
        code(try store.createObjects([document], in: fixture.root)) == .globalObjectInvalid)
    }
  }

  @Test("migrating an object of this instance gives the object; blobs and global objects have no copy")
  func migrate() throws {
    let local = try fixture.create(#"{"typename":"t::M","instance_id":1}"#).id
    #expect(try store.migrate(local, in: fixture.root) == local)
    let remote = #"{"id":"o0000000000000101","typename":"t::M","instance_id":5}"#
    let global = try fixture.create(#"{"typename":"t::G","instance_id":1,"global":true,"m":\#(remote)}"#).id
    #expect(code(try store.migrate(global, in: fixture.root)) == .invalid)
    #expect(code(try store.migrate(.emptyBlob, in: fixture.root)) == .invalid)
    let unknown = ObjectID(0x3039)
    #expect(code(try store.migrate(unknown, in: fixture.root)) == .metaTreeSubtreeNotExists)
  }
}
