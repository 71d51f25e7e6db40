import StoreCore
import StoreProtocol
import Testing

/// Texts as released daemons have written them (facts: `store-protocol.md`, 4.6).
@Suite("stored form")
struct StoredFormTests {
  private static let id = ObjectID(0x6882_0f4a_5400_0002)
  private static let tensor = #"""
    {"__timestamp":1795434555728,"buffer_":"loe8820f4a53c00000.vineyard::Blob@0","global":false,"instance_id":0,"nbytes":32,"order_":"v\"C\"","partition_index_":"v[]","shape_":"v[4]","signature":7530598338828173313,"transient":false,"typename":"vvineyard::Tensor<int64>","value_type_":"vint64","value_type_meta_":"v<i8"}
    """#
  private static let global = #"""
    {"__timestamp":1795434555968,"global":true,"instance_id":18446744073709551615,"nbytes":0,"partitions_-0":"ls68820f4a54000001.vineyard::Tensor","signature":7530598339834810374,"transient":false,"typename":"vvineyard::GlobalTensor"}
    """#

  private static func store() -> Store { Store(.init(limit: 1 << 20, arenaLength: 1 << 20)) }

  @Test("given objects that a released daemon has written, then they are written again byte for byte")
  func roundTrip() throws {
    let store = Self.store()
    try store.adoptObject(Self.id, stored: Array(Self.tensor.utf8), in: store.root)
    let other = ObjectID(7)
    try store.adoptObject(other, stored: Array(Self.global.utf8), in: store.root)
    for (id, text) in [(Self.id, Self.tensor), (other, Self.global)] {
      let written = try #require(store.storedText(of: id, in: store.root))
      #expect(String(decoding: written, as: UTF8.self) == text)
    }
  }

  @Test("given a name and labels of others, then the object has them")
  func namesAndLabels() throws {
    let store = Self.store()
    try store.adoptObject(Self.id, stored: Array(Self.tensor.utf8), in: store.root)
    store.adoptName("a/b", Self.id, in: store.root)
    store.adoptLabels(of: Self.id, stored: Array(#""v{\"k\":\"v\"}""#.utf8), in: store.root)
    let text = String(decoding: try #require(store.storedText(of: Self.id, in: store.root)), as: UTF8.self)
    #expect(text.contains(#""__name":"va~1b""#))
    #expect(store.storedLabels(of: Self.id, in: store.root) == Array(#""v{\"k\":\"v\"}""#.utf8))
    store.adoptRemoval(of: Self.id, in: store.root)
    #expect(!store.exists(Self.id, in: store.root))
  }

  @Test(
    "given a text that is no object, then it is refused",
    arguments: ["", "[]", "{", "{}", #"{"typename":"vt"}"#, #"{"typename":"vt","signature":1,"m":"lnonsense"}"#])
  func nonsense(_ text: String) {
    let store = Self.store()
    #expect(throws: StoreError.self) { try store.adoptObject(Self.id, stored: Array(text.utf8), in: store.root) }
    #expect(!store.exists(Self.id, in: store.root))
  }
}
