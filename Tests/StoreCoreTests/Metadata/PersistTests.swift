import StoreCore
import StoreProtocol
import Testing

@Suite("persist, labels, shallow copy")
struct PersistTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }
  var root: Session { fixture.root }

  @Test("objects start transient; persisting includes the members and may be repeated")
  func persist() throws {
    let client = fixture.connect()
    let blob = try fixture.sealedBlob(64, by: client)
    let leaf = try fixture.object(members: [blob])
    let parent = try fixture.object(members: [leaf, leaf])
    #expect(try !store.isPersistent(leaf, in: root))
    try store.persist(parent, in: root)
    try store.persist(parent, in: root)
    #expect(try store.isPersistent(parent, in: root))
    #expect(try store.isPersistent(leaf, in: root))
    #expect(try !store.isPersistent(blob, in: root))
    #expect(try fixture.render([leaf]).contains(#""transient":false"#))
    #expect(try fixture.render([blob]).contains(#""transient":true"#))
  }

  @Test("a persisted member doesn't persist its parent")
  func upwards() throws {
    let leaf = try fixture.object()
    let parent = try fixture.object(members: [leaf])
    try store.persist(leaf, in: root)
    #expect(try !store.isPersistent(parent, in: root))
  }

  @Test("[Error] persist: blobs, unknown objects")
  func persistErrors() throws {
    let unknown = ObjectID(0x3039)
    let missing = StoreError(.metaTreeSubtreeNotExists, "get subtree failed: o0000000000003039")
    #expect(throws: missing) { try store.persist(unknown, in: root) }
    #expect(throws: missing) { try store.isPersistent(unknown, in: root) }
    #expect(code(try store.persist(.emptyBlob, in: root)) == .assertionFailed)
  }

  @Test("labels are a JSON document in a string, by ascending key; a key given again is replaced")
  func labels() throws {
    let id = try fixture.object()
    try store.label(id, [("b", "1"), ("a", "x\"y")], in: root)
    #expect(try fixture.render([id]).contains(##""__labels":"{\"a\":\"x\\\"y\",\"b\":\"1\"}""##))
    try store.label(id, [("b", "2"), ("b", "3")], in: root)
    #expect(try fixture.render([id]).contains(#"\"b\":\"3\"}"#))
    #expect(code(try store.label(ObjectID(7), [], in: root)) == .objectNotExists)
  }

  private func copy(_ id: ObjectID, _ extra: (String, String)...) throws -> ObjectID {
    let fields = extra.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
    return try store.shallowCopy(id, extra: StoreFixture.document("{\(fields)}"), in: root)
  }

  @Test("a shallow copy has a new id and the same fields, signature, labels and members")
  func shallowCopy() throws {
    let leaf = try fixture.object()
    let id = try fixture.create(#"{"typename":"t::P","instance_id":0,"a":1,"m":{"id":"\#(leaf)"}}"#).id
    try store.label(id, [("k", "v")], in: root)
    try store.persist(id, in: root)
    let target = try copy(id)
    #expect(target != id)
    let expected = try fixture.render([id]).replacing(id.description, with: target.description)
    #expect(try fixture.render([target]) == expected)
    let client = fixture.connect()
    store.delete([id], force: false, deep: true, by: client)
    #expect(fixture.existing([id, leaf, target]) == [leaf, target])
    store.delete([target], force: false, deep: true, by: client)
    #expect(root.objectCount == 0)
  }

  @Test("extra fields are overlaid at their place in the order")
  func extra() throws {
    let id = try fixture.create(#"{"typename":"t::P","instance_id":0,"b":1,"d":2,"q\"":3}"#).id
    let target = try copy(id, ("b", "\"new\""), ("a", "true"), ("c", "null"), ("z", "9"), ("q\\\"", "4"))
    let rendered = try fixture.render([target])
    #expect(rendered.contains(#""a":true,"b":"new","c":null,"d":2,"id""#))
    #expect(rendered.contains(#""q\"":4,"signature""#) && !rendered.contains(#""q\"":3"#))
    #expect(rendered.hasSuffix(#""typename":"t::P","z":9}"#))
    #expect(try fixture.render([id]).contains(#""b":1,"d":2,"id""#))
  }

  @Test("fields that the store keeps itself stay what they are")
  func reservedExtra() throws {
    let id = try fixture.object()
    let target = try copy(
      id, ("id", "\"o1\""), ("transient", "false"), ("signature", "1"), ("instance_id", "9"), ("__timestamp", "1"),
      ("__name", "\"n\""), ("__labels", "\"{}\""))
    let expected = try fixture.render([id]).replacing(id.description, with: target.description)
    #expect(try fixture.render([target]) == expected)
  }

  @Test("a copy given another type name is listed under that")
  func copiedTypename() throws {
    let id = try fixture.object("t::Old")
    let target = try copy(id, ("typename", "\"t::New\""))
    #expect(try fixture.render([target]).contains(#""typename":"t::New""#))
    #expect(try store.listObjects(.wildcard("t::New"), limit: 9, in: root) == [target])
    #expect(try store.listObjects(.wildcard("t::Old"), limit: 9, in: root) == [id])
  }

  @Test("[Error] shallow copy: blobs, unknown objects")
  func copyErrors() {
    #expect(code(try store.shallowCopy(.emptyBlob, in: root)) == .assertionFailed)
    #expect(
      code(try store.shallowCopy(ObjectID(7), in: root))
        == .metaTreeSubtreeNotExists)
  }
}
