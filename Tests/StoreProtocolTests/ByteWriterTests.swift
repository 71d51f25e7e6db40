import JSON
import StoreProtocol
import Testing

@Suite("byte writer")
struct ByteWriterTests {
  @Test("what is too long is counted and not kept, in pieces of any size, until the writer is emptied")
  func tooLong() {
    let writer = ByteWriter(capacity: 64, longest: 1000)
    for _ in 0..<5000 { writer.append(UInt8(ascii: "x")) }
    writer.append([UInt8](repeating: 1, count: 100_000))
    writer.append(hex: 1, prefix: UInt8(ascii: "o"))
    #expect(writer.refusal == .tooLong)
    #expect(writer.count == 105_017 && writer.bytes.count <= 1000)
    writer.removeAll()
    writer.append("again")
    #expect(writer.refusal == nil && Array(writer.bytes) == Array("again".utf8))
  }

  @Test(
    "unsigned decimal numbers",
    arguments: [0, 9, 10, 99, 100, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, .max - 1, .max] as [UInt64])
  func decimal(value: UInt64) {
    #expect(text { $0.append(decimal: value) } == String(value))
  }

  @Test("signed decimal numbers", arguments: [0, -1, 1, -10, .max, .min] as [Int])
  func signed(value: Int) {
    #expect(text { $0.append(decimal: value) } == String(value))
  }

  @Test("hexadecimal ids")
  func hex() {
    #expect(text { $0.append(hex: 0x3039, prefix: UInt8(ascii: "o")) } == "o0000000000003039")
    #expect(text { $0.append(hex: .max, prefix: UInt8(ascii: "s")) } == "sffffffffffffffff")
  }

  @Test(
    "string literals escape what JSON demands and nothing else",
    arguments: [
      ("", #""""#), ("plain", #""plain""#), ("a\"b\\c", #""a\"b\\c""#), ("/", #""/""#), ("ü😀\u{7f}", "\"ü😀\u{7f}\""),
      ("\u{8}\t\n\u{c}\r", #""\b\t\n\f\r""#), ("\0\u{1}\u{1f}", #""\u0000\u0001\u001f""#), ("\"", #""\"""#),
    ])
  func strings(value: String, expected: String) throws {
    let written = text { $0.append(jsonString: value) }
    #expect(written == expected)
    let back = JSONText(written)
    #expect(back.bytes.string(try back.value()) == value)
  }

  @Test("commas stand between fields and between elements, and nowhere else")
  func fields() {
    let written = text { writer in
      writer.beginObject()
      writer.field("a", UInt64.max)
      writer.field("b", -1)
      writer.beginObject("c")
      writer.field("{", true)
      writer.endObject()
      writer.beginObject("d")
      writer.endObject()
      writer.beginArray("e")
      writer.element(1)
      writer.element(2)
      writer.endArray()
      writer.beginArray("f")
      writer.endArray()
      writer.null("g")
      writer.field("h", "[")
      writer.field("i", literal: "{")
      writer.key(7)
      writer.append("[")
      writer.separate()
      writer.append("{}")
      writer.separate()
      writer.append("{}]")
      writer.key(text: "\"")
      writer.append("false")
      writer.endObject()
    }
    #expect(
      written == #"{"a":18446744073709551615,"b":-1,"c":{"{":true},"d":{},"e":[1,2],"f":[],"g":null,"h":"[","#
        + #""i":"{","7":[{},{}],"\"":false}"#)
  }

  @Test("fields that are too long are counted with their commas, as others")
  func refusedFields() {
    let writer = ByteWriter(capacity: 64, longest: 100)
    writer.beginObject()
    for _ in 0..<1000 { writer.field("sixteen_letters_", literal: "x") }
    #expect(writer.refusal == .tooLong && writer.count == 1000 * 23)
    writer.removeAll()
    writer.field("a", 1)
    #expect(Array(writer.bytes) == Array(#""a":1"#.utf8))
  }

  @Test("pieces of every kind follow each other, across growth")
  func growth() {
    let writer = ByteWriter(capacity: 1)
    var expected = ""
    for number in 0..<1000 {
      writer.append("{\"")
      writer.append(utf8: "näme")
      writer.append(UInt8(ascii: "\""))
      writer.append(Array(":".utf8))
      writer.append(decimal: number)
      writer.append("}")
      expected += "{\"näme\":\(number)}"
    }
    #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    #expect(writer.count == expected.utf8.count)
  }

  @Test("a length is patched into a place kept for it")
  func patch() {
    let writer = ByteWriter()
    writer.append(littleEndian: 0)
    writer.append("body")
    writer.patch(littleEndian: 0x0102_0304_0506_0708, at: 0)
    #expect(Array(writer.bytes.prefix(9)) == [8, 7, 6, 5, 4, 3, 2, 1, UInt8(ascii: "b")])
  }

  @Test("truncating drops the end, removing everything allows reuse even after a large message")
  func reuse() {
    let writer = ByteWriter()
    writer.append("keep and drop")
    writer.truncate(to: 4)
    writer.truncate(to: 100)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "keep")
    writer.append([UInt8](repeating: 0x61, count: 2 << 20))
    #expect(writer.count == (2 << 20) + 4)
    writer.removeAll()
    #expect(writer.bytes.isEmpty)
    writer.append("again")
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "again")
  }
}
