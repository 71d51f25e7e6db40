import JSON
import StoreProtocol
import Testing

@Suite("request message")
struct RequestMessageTests {
  static let sample = #"{"n":18446744073709551615,"b":true,"s":"x\ty","z":null,"o":{"n":1},"a":[1],"m":-1}"#

  @Test("required fields come out with their types")
  func getters() throws {
    let text = JSONText(Self.sample)
    let message = try text.message()
    #expect(try message.integer("n") == .max)
    #expect(try message.objectID("n") == .invalid)
    #expect(try message.integer("m") == .max)
    #expect(try message.boolean("b"))
    #expect(try message.string("s") == "x\ty")
    #expect(message.fieldCount == 7)
  }

  @Test("a default stands in for an absent field, never for a mistyped one")
  func defaults() throws {
    let text = JSONText(Self.sample)
    let message = try text.message()
    #expect(try message.integer("absent", default: 7) == 7)
    #expect(try message.boolean("absent", default: true))
    #expect(try message.string("absent", default: "d") == "d")
    #expect(throws: StoreError.self) { try message.integer("s", default: 7) }
    #expect(throws: StoreError.self) { try message.boolean("z", default: true) }
    #expect(throws: StoreError.self) { try message.string("n", default: "d") }
  }

  private func fails(_ field: String, _ problem: String, _ read: (RequestMessage) throws(StoreError) -> Void) throws {
    let text = JSONText(Self.sample)
    let message = try text.message()
    let expected = StoreError(.invalid, "Failed to parse the JSON message: field '\(field)' \(problem)")
    #expect(throws: expected) { try read(message) }
  }

  @Test("[Error] field missing")
  func missing() throws {
    try fails("x", "is missing") { m throws(StoreError) in _ = try m.integer("x") }
    try fails("x", "is missing") { m throws(StoreError) in _ = try m.boolean("x") }
    try fails("x", "is missing") { m throws(StoreError) in _ = try m.string("x") }
    try fails("x", "is missing") { m throws(StoreError) in _ = try m.integers("x") }
  }

  @Test("[Error] field of another type")
  func mistyped() throws {
    try fails("s", "must be a 64-bit integer") { m throws(StoreError) in _ = try m.integer("s") }
    try fails("n", "must be a boolean") { m throws(StoreError) in _ = try m.boolean("n") }
    try fails("b", "must be a string") { m throws(StoreError) in _ = try m.string("b") }
    try fails("o", "must be an array of 64-bit integers") { m throws(StoreError) in _ = try m.integers("o") }
    try fails("a", "must be an array of strings") { m throws(StoreError) in _ = try m.strings("a") }
  }

  @Test(
    "[Error] not a JSON object",
    arguments: ["", "[]", "1", "\"type\"", "{", "{}x", "{\"a\":1,}", "\u{feff}{}"])
  func notAnObject(text: String) throws {
    let error = try #require(throws: StoreError.self) { try JSONText(text).message() }
    #expect(error.code == .invalid)
    #expect(error.message.hasPrefix("Failed to parse the JSON message: "))
  }

  @Test("an empty body names what is missing and where")
  func emptyBody() {
    let expected = StoreError(.invalid, "Failed to parse the JSON message: an object is expected at byte 0")
    #expect(throws: expected) { try JSONText("").message() }
  }

  @Test("of a field given twice the last value counts, of whatever type")
  func duplicates() throws {
    let text = JSONText(#"{"a":1,"a":2,"b":true,"b":"x"}"#)
    let message = try text.message()
    #expect(try message.integer("a") == 2)
    #expect(throws: StoreError.self) { try message.boolean("b") }
    #expect(try message.string("b") == "x")
  }

  @Test("names match whole, nested fields don't count")
  func exactNames() throws {
    let text = JSONText(#"{"ids":1,"o":{"id":2},"i":3}"#)
    let message = try text.message()
    #expect(message.span("id") == nil)
    #expect(message.span("") == nil)
    #expect(try message.integer("i") == 3)
  }

  @Test("one instance serves message after message, and forgets a broken one")
  func reuse() throws {
    let message = RequestMessage()
    let first = JSONText(#"{"a":1}"#)
    let broken = JSONText(#"{"a":1,"b":}"#)
    let last = JSONText(#"{"c":3}"#)
    try message.parse(first.bytes)
    #expect(throws: StoreError.self) { try message.parse(broken.bytes) }
    #expect(message.fieldCount == 0)
    try message.parse(last.bytes)
    #expect(message.span("a") == nil)
    #expect(try message.integer("c") == 3)
  }

  @Test("a name that is given may have 4 KiB")
  func names() throws {
    let longest = String(repeating: "ä", count: RequestMessage.maximumName / 2)
    let text = JSONText("{\"a\":\"\(longest)\",\"b\":\"\(longest)x\"}")
    let message = try text.message()
    #expect(try message.newName("a") == longest)
    #expect(try message.string("b") == longest + "x")
    let failure = #expect(throws: StoreError.self) { try message.newName("b") }
    #expect(failure?.message.contains("has 4097 bytes, a name may have 4096") == true)
  }
}
