import MetadataBackend
import StoreProtocol
import Testing

@testable import EtcdMetadata

@Suite("keys in etcd")
struct KeyLayoutTests {
  private let layout = KeyLayout(prefix: "demo")

  @Test("given keys of released daemons, then they are read and written alike")
  func roundTrip() {
    let id = ObjectID(0x6882_0f4a_5400_0002)
    let keys: [(String, MetadataKey)] = [
      ("demo/S0000000000000000/data/o68820f4a54000002", .object(id)),
      ("demo/S0000000000000000/data/o68820f4a54000002/__name", .field(id, "__name")),
      ("demo/S0000000000000000/names/a~1b~0c", .name("a/b~c")),
      ("demo/S0000000000000000/instances/i0/hostid", .instance(0, "hostid")),
      (
        "demo/S0000000000000000/signatures/i1/s68820f4a8d801004",
        .signature(instance: 1, 0x6882_0f4a_8d80_1004)
      ), ("demo/S0000000000000000/next_instance_id", .nextInstance),
    ]
    for (text, key) in keys {
      #expect(layout.parse(Array(text.utf8))?.key == key)
      #expect(String(decoding: layout.text(key), as: UTF8.self) == text)
    }
  }

  @Test("given keys of snapshots and copies, then they are read as they are written")
  func copies() {
    let keys: [(String, VolumeKey)] = [
      ("demo/cluster/snapshots/snap-1", .snapshot("snap-1")),
      ("demo/cluster/copies/S00000000000000ff/copy", .copy(255)),
      ("demo/cluster/copies/S00000000000000ff/i3", .part(255, 3)),
    ]
    for (text, key) in keys {
      #expect(layout.parseVolume(Array(text.utf8)) == key)
      #expect(String(decoding: layout.text(key), as: UTF8.self) == text)
    }
    #expect(layout.parseVolume(Array("demo/cluster/copies/S00000000000000ff/x3".utf8)) == nil)
    #expect(layout.parseVolume(Array("demo/cluster/copies/Sff/copy".utf8)) == nil)
  }

  @Test("given what stores say of a copy, then it is read as it was written, and nonsense is nothing")
  func copyRecords() {
    var settings = VolumeSettings(id: "c")
    settings.source = VolumeSource(kind: .snapshot, id: "s")
    let copy = SharedCopy(
      SharedVolume(settings, session: 9, created: 1), kind: .volume, source: 8, stage: .written)
    #expect(SharedCopy(copy.text) == copy)
    let part = PartRecord(.filled, place: "n \"/a b\"", bytes: 7)
    #expect(PartRecord(part.text) == part)
    for text in ["", "[]", "{}", #"{"stage":"none","state":"none","place":"","kind":"volume","session":"S01"}"#] {
      #expect(SharedCopy(Array(text.utf8)) == nil && PartRecord(Array(text.utf8)) == nil)
    }
  }

  @Test("given a key of a signature, then it is known where those of its session begin")
  func signatures() {
    let key = Array("demo/S00000000000000ff/signatures/i1/s68820f4a8d801004".utf8)
    #expect(layout.signatures(with: key) == Array("demo/S00000000000000ff/signatures/".utf8))
    #expect(layout.signatures(with: Array("demo/S00000000000000ff/names/signatures".utf8)) == nil)
  }

  @Test(
    "given a key of somebody else, then it is passed over",
    arguments: [
      "", "demo", "demo/", "demolition/S0000000000000000/data/o1", "demo/S0/data/o68820f4a54000002",
      "demo/S0000000000000000/meta_sync_lock/694d", "demo/S0000000000000000/instances/x/hostid",
      "demo/S0000000000000000/data/nonsense",
    ])
  func strangers(_ text: String) {
    #expect(layout.parse(Array(text.utf8)) == nil)
  }
}
