import JSON
import StoreProtocol
import Testing

/// Long messages are read in steps; where a step ends must not matter.
@Suite("reading in steps")
struct SteppedReadingTests {
  private static let text =
    #"{"z":[1,{"a":"b"},[]],"type":"x","s":"é\u00e9😀\"","m":{"id":"o1","b":2,"a":1,"b":3},"n": -1.5e3 , "t":true}"#

  @Test("a message has the same fields whatever the size of the steps", arguments: 1..<40)
  func message(step: Int) throws {
    let text = JSONText(Self.text)
    let whole = try text.message()
    let message = RequestMessage()
    message.begin(text.bytes)
    var steps = 0
    while try !message.advance(by: step) { steps += 1 }
    #expect(steps >= text.bytes.count / step - 40)
    #expect(message.fieldCount == whole.fieldCount)
    for name in ["z", "type", "s", "m", "n", "t"] as [StaticString] {
      let (span, expected) = (try #require(message.span(name)), try #require(whole.span(name)))
      #expect(span.kind == expected.kind && span.start == expected.start && span.end == expected.end)
    }
    #expect(try message.string("s") == "éé😀\"")
  }

  @Test("[Error] what is not JSON is noticed in every step", arguments: 1..<12)
  func invalid(step: Int) {
    for text in [#"{"a":1"#, #"{"a":"b"#, #"{"a":[1,}"#, "[1]", "1", "", "{} x"] {
      let text = JSONText(text)
      let message = RequestMessage()
      message.begin(text.bytes)
      #expect(throws: StoreError.self) { while try !message.advance(by: step) {} }
    }
  }

  @Test("metadata is the same whatever the size of the steps, its fields in order", arguments: 1..<30)
  func metadata(step: Int) throws {
    let text = JSONText(#"[\#(Self.text),{"typename":"t","b":[{"c":1}],"a":{"id":"o2"},"a":{"id":"o3"}}]"#)
    var reader = MetadataReader(text.bytes, try text.value())
    while try !reader.advance(by: step) {}
    #expect(reader.documents.count == 2)
    let keys = reader.documents.map { $0.fields.map { String(decoding: $0.key, as: UTF8.self) } }
    #expect(keys == [["m", "n", "s", "t", "type", "z"], ["a", "b", "typename"]])
    guard case .member(let member) = reader.documents[0].fields[0].value,
      case .member(let last) = reader.documents[1].fields[0].value,
      case .text(let value) = member.fields[1].value
    else { return #expect(Bool(false), "members are expected") }
    #expect(member.keyCount == 4 && member.fields.count == 2 && String(decoding: value, as: UTF8.self) == "3")
    #expect(last.id == ObjectID(3))
  }

  @Test("many fields in any order are sorted, the last of each key stays")
  func sorting() throws {
    let count = 3000
    let fields = (0..<count).map { "\"k\(String(10_000 + $0 * 7919 % 1000))\":\($0)" }
    let text = JSONText("{\(fields.joined(separator: ","))}")
    var reader = MetadataReader(text.bytes, try text.value())
    while try !reader.advance(by: 100) {}
    let sorted = try #require(reader.documents.first).fields
    #expect(sorted.count == 1000)
    for (index, field) in sorted.enumerated() {
      guard case .text(let value) = field.value, let number = Int(String(decoding: value, as: UTF8.self)) else {
        return #expect(Bool(false), "numbers are expected")
      }
      #expect(String(decoding: field.key, as: UTF8.self) == "k\(10_000 + index)")
      #expect(number >= count - 1000 && number * 7919 % 1000 == index)
    }
  }

  @Test("sorting fields is progress, and the less so the fewer moves a step may make")
  func progressOfSorting() throws {
    let fields = (0..<20_000).reversed().map { "\"k\(10_000 + $0)\":1" }
    let text = JSONText("{\(fields.joined(separator: ","))}")
    var reader = MetadataReader(text.bytes, try text.value())
    var largest = 0
    var before = 0
    while try !reader.advance(by: 4096) {
      largest = max(largest, reader.progress - before)
      before = reader.progress
    }
    #expect(reader.progress > 10 * text.bytes.count, "20,000 fields are moved about fifteen times")
    #expect(largest < 3 * 4096)
  }

  @Test("a list of numbers is read in steps; something else in it is refused")
  func numbers() throws {
    let text = JSONText("{\"id\":[\((0..<500).map(String.init).joined(separator: " , "))]}")
    // The message and its reader have no copy of the text.
    try withExtendedLifetime(text) {
      var reader = try NumberListReader(text.message(), "id")
      while try !reader.advance(by: 7) {}
      #expect(reader.takeIDs() == (0..<500).map { ObjectID($0) })
    }
    for list in ["[1,\"2\"]", "[[1]]", "[{}]", "[1.5]", "{}", "1"] {
      let text = JSONText("{\"id\":\(list)}")
      try withExtendedLifetime(text) {
        let message = try text.message()
        #expect(throws: StoreError.self) {
          var reader = try NumberListReader(message, "id")
          while try !reader.advance(by: 3) {}
        }
      }
    }
  }
}
