import StoreCore
import StoreProtocol
import Testing

/// Section 4.7: blob B is a member of object A, which is a member of objects C and D.
@Suite("deletion")
struct DeletionTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }
  let client: Client
  let family: [Character: ObjectID]

  init() throws {
    client = fixture.connect()
    let blob = try fixture.sealedBlob(64, by: client)
    let middle = try fixture.object(members: [blob])
    family = [
      "B": blob, "A": middle, "C": try fixture.object(members: [middle]), "D": try fixture.object(members: [middle]),
    ]
  }

  private func survivors() -> String {
    String("BACD".map { family[$0].map { store.exists($0, in: fixture.root) } == true ? $0 : "-" })
  }

  private func delete(_ names: String, force: Bool = false, deep: Bool = false) {
    store.delete(names.compactMap { family[$0] }, force: force, deep: deep, by: client)
    fixture.expectSound()
  }

  @Test(
    "the matrix",
    arguments: [
      ("C", false, true, "BA-D"), ("CD", false, true, "----"), ("A", false, true, "BACD"), ("A", false, false, "BACD"),
      ("A", true, false, "----"), ("A", true, true, "----"), ("B", true, false, "----"), ("B", false, true, "BACD"),
      ("C", true, false, "BA-D"), ("C", false, false, "BA-D"), ("ACD", false, false, "----"),
      ("DCA", false, false, "----"), ("CD", false, false, "BA--"), ("CD", true, false, "BA--"),
      ("CD", true, true, "----"),
      ("BAC", false, false, "BA-D"), ("CCC", false, true, "BA-D"), ("", true, true, "BACD"),
    ])
  func matrix(names: String, force: Bool, deep: Bool, expected: String) {
    delete(names, force: force, deep: deep)
    #expect(survivors() == expected)
    if expected == "----" { fixture.expectEmpty() }
  }

  @Test("one after the other, the last parent takes the child along")
  func lastParent() {
    delete("C", deep: true)
    #expect(survivors() == "BA-D")
    delete("D", deep: true)
    #expect(survivors() == "----")
    fixture.expectEmpty()
  }

  @Test("deleted blobs are told, objects are not")
  func feedback() throws {
    let ids = try #require(family["C"].flatMap { c in family["D"].map { [c, $0] } })
    #expect(store.delete(ids, force: false, deep: true, by: client) == [family["B"]])
    #expect(store.delete(ids, force: false, deep: true, by: client).isEmpty)
  }

  @Test("unknown ids, the empty blob and the invalid id are ignored")
  func unknown() throws {
    let empty = try fixture.object(members: [.emptyBlob])
    for force in [false, true] {
      store.delete(
        [ObjectID(7), ObjectID(1 << 63 | 7), .emptyBlob, .invalid], force: force, deep: true, by: client)
    }
    #expect(survivors() == "BACD")
    #expect(store.exists(empty, in: fixture.root))
  }

  @Test("a blob shared with another object survives its first owner")
  func sharedBlob() throws {
    let blob = try #require(family["B"])
    let other = try fixture.object(members: [blob])
    delete("ACD")
    #expect(survivors() == "B---")
    store.delete([other], force: false, deep: false, by: client)
    fixture.expectEmpty()
  }

  @Test("force reaches every ancestor")
  func ancestors() throws {
    let top = try fixture.object(members: [try #require(family["C"])])
    let aside = try fixture.object()
    delete("B", force: true)
    #expect(survivors() == "----")
    #expect(fixture.existing([top, aside]) == [aside])
  }

  @Test("deep stops at members that something else uses")
  func deepDiamond() throws {
    let (c, d) = (try #require(family["C"]), try #require(family["D"]))
    let top = try fixture.object(members: [c, d])
    let other = try fixture.object(members: [d])
    store.delete([top], force: false, deep: true, by: client)
    #expect(survivors() == "BA-D")
    store.delete([other], force: false, deep: true, by: client)
    fixture.expectEmpty()
    #expect(fixture.root.objectCount == 0)
  }

  @Test("dropping a blob leaves its object, whose later deletion is clean")
  func droppedBlob() throws {
    try store.dropBlob(try #require(family["B"]), by: client)
    #expect(survivors() == "-ACD")
    delete("CD", deep: true)
    #expect(survivors() == "----")
  }

  @Test("the fast path deletes blobs only, whatever uses them")
  func fastPath() throws {
    let (blob, object) = (try #require(family["B"]), try #require(family["A"]))
    #expect(code(try store.deleteBlobs([blob, object], by: client)) == .assertionFailed)
    #expect(survivors() == "BACD")
    #expect(try store.deleteBlobs([blob, ObjectID(1 << 63 | 7), .emptyBlob], by: client) == [blob])
    #expect(survivors() == "-ACD")
    #expect(try store.deleteBlobs([blob], by: client).isEmpty)
    fixture.expectSound()
  }

  @Test("a blob named twice on the fast path is deleted and told once")
  func fastPathTwice() throws {
    let blob = try #require(family["B"])
    #expect(try store.deleteBlobs([blob, blob], by: client) == [blob])
  }

  @Test("unsealed blobs can be deleted")
  func unsealed() throws {
    let id = try store.createBlob(64, by: client).id
    #expect(store.delete([id], force: false, deep: true, by: client) == [id])
    fixture.expectSound()
  }

  @Test("clear takes everything, of this session only")
  func clear() throws {
    let session = store.openSession(.normal)
    let neighbour = store.connect(to: session)
    let kept = try fixture.sealedBlob(64, by: neighbour)
    _ = try store.createBlob(64, by: client)
    store.clear(fixture.root, by: client)
    #expect(survivors() == "----")
    #expect(fixture.root.blobCount == 0 && fixture.root.objectCount == 0)
    #expect(store.exists(kept, in: session))
    #expect(store.memory.used == 64)
    fixture.expectSound()
  }
}
