import StoreCore
import StoreProtocol
import Testing

@Suite("names")
struct NameTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }
  var root: Session { fixture.root }

  private func persisted() throws -> ObjectID {
    let id = try fixture.object()
    try store.persist(id, in: root)
    return id
  }

  private func lookUp(_ name: String) throws -> ObjectID? { value(try store.getName(name, wait: false, in: root)) }

  private func shownName(_ id: ObjectID) throws -> String? {
    try fixture.render([id]).firstMatch(of: /"__name":"([^"]*)"/).map { String($0.1) }
  }

  @Test("a name leads to its object and shows in the metadata in escaped form")
  func named() throws {
    let id = try persisted()
    try store.putName("/a~b", to: id, in: root)
    #expect(try lookUp("/a~b") == id)
    #expect(try shownName(id) == "~1a~0b")
  }

  @Test("[Error] naming blobs, unknown and transient objects; looking up what is not there")
  func errors() throws {
    let transient = try fixture.object()
    #expect(code(try store.putName("n", to: .emptyBlob, in: root)) == .invalid)
    #expect(code(try store.putName("n", to: ObjectID(7), in: root)) == .objectNotExists)
    #expect(throws: StoreError(.invalid, "transient objects cannot have name, please persist it first")) {
      try store.putName("trans", to: transient, in: root)
    }
    #expect(throws: StoreError(.objectNotExists, "failed to find name: nope")) { try lookUp("nope") }
    #expect(root.nameCount == 0)
  }

  @Test("an object may have several names; the metadata shows the newest that is left")
  func several() throws {
    let id = try persisted()
    for name in ["a", "b", "c"] { try store.putName(name, to: id, in: root) }
    #expect(try shownName(id) == "c")
    try store.putName("a", to: id, in: root)
    #expect(try shownName(id) == "a")
    store.dropName("a", in: root)
    #expect(try shownName(id) == "c")
    store.dropName("c", in: root)
    store.dropName("b", in: root)
    store.dropName("b", in: root)
    #expect(try shownName(id) == nil)
    #expect(root.nameCount == 0)
    fixture.expectSound()
  }

  @Test("a name can be taken over; the object it left shows it no longer")
  func takeover() throws {
    let (old, new) = (try persisted(), try persisted())
    try store.putName("n", to: old, in: root)
    try store.putName("n", to: new, in: root)
    #expect(try lookUp("n") == new)
    #expect(try shownName(old) == nil)
    #expect(try shownName(new) == "n")
    fixture.expectSound()
  }

  @Test("names of deleted objects go with them, whether deleted alone or by clear")
  func deleted() throws {
    let client = fixture.connect()
    let id = try persisted()
    try store.putName("a", to: id, in: root)
    try store.putName("b", to: id, in: root)
    store.delete([id], force: false, deep: true, by: client)
    #expect(throws: StoreError.self) { try lookUp("a") }
    #expect(root.nameCount == 0)
    try store.putName("c", to: try persisted(), in: root)
    store.clear(root, by: client)
    #expect(root.nameCount == 0)
    fixture.expectSound()
  }

  @Test("names are told apart by their bytes, not by how they look")
  func bytes() throws {
    let (composed, decomposed) = (try persisted(), try persisted())
    try store.putName("caf\u{e9}", to: composed, in: root)
    try store.putName("cafe\u{301}", to: decomposed, in: root)
    #expect(try lookUp("caf\u{e9}") == composed)
    #expect(try lookUp("cafe\u{301}") == decomposed)
    #expect(try store.listNames(.wildcard("*"), limit: 9, in: root).map(\.id) == [decomposed, composed])
    store.dropName("caf\u{e9}", in: root)
    #expect(try shownName(decomposed) == "cafe\u{301}")
    #expect(root.nameCount == 1)
    fixture.expectSound()
  }

  @Test("listings are in the order of the stored form, by pattern and limit")
  func listing() throws {
    let id = try persisted()
    // '/' is stored as "~1", behind every letter.
    for name in ["b", "a/b", "a", "az", "a.b", "/x"] { try store.putName(name, to: id, in: root) }
    let list = { (pattern: TextPattern, limit: UInt64) in
      try store.listNames(pattern, limit: limit, in: root).map(\.name)
    }
    #expect(try list(.wildcard("*"), 100) == ["a", "a.b", "az", "a/b", "b", "/x"])
    #expect(try list(.wildcard("a*"), .max) == ["a", "a.b", "az", "a/b"])
    #expect(try list(.wildcard("a*"), 2) == ["a", "a.b"])
    #expect(try list(.wildcard("a*"), 0) == [])
    #expect(try list(.regularExpression("a.b"), 100) == ["a.b", "a/b"])
    #expect(try list(.regularExpression("a"), 100) == ["a"])
    #expect(try list(.regularExpression("("), 100) == [])
    store.dropName("az", in: root)
    try store.putName("ab", to: id, in: root)
    #expect(try list(.wildcard("a*"), 100) == ["a", "a.b", "ab", "a/b"])
  }

  @Test("a request that waits for a name is woken by exactly that name")
  func waiting() throws {
    let outcome = try store.getName("n", wait: true, in: root)
    guard case .park(let key) = outcome else { return #expect(Bool(false), "the request should wait") }
    #expect(key == .name(session: 0, "n"))
    let id = try persisted()
    _ = store.takeChanges()
    try store.putName("other", to: id, in: root)
    #expect(!store.takeChanges().contains(key))
    try store.putName("n", to: id, in: root)
    #expect(store.takeChanges().contains(key))
    #expect(value(try store.getName("n", wait: true, in: root)) == id)
  }

  @Test("nothing is noted while nobody waits")
  func noWaiters() throws {
    store.notesChanges = false
    try store.putName("n", to: try persisted(), in: root)
    store.notesChanges = true
    #expect(store.takeChanges().isEmpty)
  }
}
