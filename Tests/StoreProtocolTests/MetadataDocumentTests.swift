import JSON
import StoreProtocol
import Testing

@Suite("metadata document")
struct MetadataDocumentTests {
  private func document(_ text: String) throws -> MetadataDocument {
    let text = JSONText(text)
    return try MetadataDocument(text.bytes, try text.value())
  }

  private func describe(_ document: MetadataDocument) -> [String] {
    document.fields.map { field in
      let key = String(decoding: field.key, as: UTF8.self)
      switch field.value {
      case .text(let value): return key + "=" + String(decoding: value, as: UTF8.self)
      case .member(let member): return key + "→" + (member.id?.description ?? "?")
      }
    }
  }

  @Test("reserved fields become properties, the rest stays in ascending order with its text")
  func reserved() throws {
    let document = try document(
      #"{"z_":1.50,"typename":"t::A","id":"o0000000000000007","signature":9223372036854775808,"instance_id":-1,"#
        + #""transient":false,"global":true,"__timestamp":5,"__name":"n","__labels":"{}","a_":"\u0041","B":[1, 2]}"#)
    #expect(document.id == ObjectID(7))
    #expect(document.typename == "t::A")
    #expect(document.signature == 1 << 63)
    #expect(document.instance == .max)
    #expect(document.isTransient == false)
    #expect(document.isGlobal)
    #expect(describe(document) == ["B=[1, 2]", #"a_="\u0041""#, "global=true", #"typename="t::A""#, "z_=1.50"])
    #expect(document.keyCount == 12)
  }

  @Test("what is absent stays open")
  func absent() throws {
    let document = try document("{}")
    #expect(document.id == nil && document.typename == nil && document.instance == nil)
    #expect(document.signature == nil && document.isTransient == nil)
    #expect(!document.isGlobal && !document.isPlaceholder)
    #expect(document.fields.isEmpty)
  }

  @Test("nested objects are members; an id alone makes a placeholder")
  func members() throws {
    let document = try document(
      #"{"b":{"id":"o0000000000000002","typename":"t::B"},"a":{"id":"o0000000000000001"},"list":[{"id":"x"}]}"#)
    #expect(describe(document) == ["a→o0000000000000001", "b→o0000000000000002", #"list=[{"id":"x"}]"#])
    guard case .member(let first) = document.fields[0].value, case .member(let second) = document.fields[1].value
    else { return #expect(Bool(false), "members are expected") }
    #expect(first.isPlaceholder)
    #expect(!second.isPlaceholder)
  }

  @Test("of a key given twice the last value stays")
  func duplicates() throws {
    let document = try document(#"{"a":1,"b":2,"a":3,"typename":"x","typename":"y","a":{"id":"o1"}}"#)
    #expect(describe(document) == ["a→o0000000000000001", "b=2", #"typename="y""#])
    #expect(document.typename == "y")
  }

  @Test("a type name that isn't a string counts as none")
  func typename() throws {
    #expect(try document(#"{"typename":5}"#).typename == nil)
    #expect(try document(#"{"typename":null}"#).typename == nil)
    #expect(try document(#"{"typename":"a\nb"}"#).typename == "a\nb")
  }

  @Test(
    "[Error] reserved fields of another type",
    arguments: [
      (#"{"id":7}"#, "id"), (#"{"id":"o"}"#, "id"), (#"{"signature":"s1"}"#, "signature"),
      (#"{"instance_id":1.5}"#, "instance_id"), (#"{"transient":1}"#, "transient"), (#"{"global":"true"}"#, "global"),
      (#"{"m":{"id":7}}"#, "id"),
    ])
  func mistyped(text: String, field: String) throws {
    let error = try #require(throws: StoreError.self) { try document(text) }
    #expect(error.code == .invalid)
    #expect(error.message.hasPrefix("Failed to parse the JSON message: metadata field '\(field)' must be "))
  }

  @Test("[Error] not an object", arguments: ["[]", "1", "null", "\"o1\""])
  func notAnObject(text: String) {
    #expect(throws: StoreError(.invalid, "Failed to parse the JSON message: metadata must be an object")) {
      try document(text)
    }
  }

  @Test("members nest as deeply as the scanner allows")
  func deep() throws {
    let depth = JSONScanner.maximumDepth - 1
    var document = try document(
      String(repeating: "{\"m\":", count: depth) + "{}" + String(repeating: "}", count: depth))
    var levels = 0
    while case .member(let member)? = document.fields.first?.value {
      document = member
      levels += 1
    }
    #expect(levels == depth)
  }
}
