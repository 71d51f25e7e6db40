import JSON
import StoreProtocol
import Testing

@Suite("JSON values")
struct JSONValueTests {
  @Test(
    "integers of 64 bits survive, negative ones as their two's complement",
    arguments: [
      ("0", 0), ("-0", 0), ("1", 1), ("9007199254740991", (1 << 53) - 1), ("9007199254740993", (1 << 53) + 1),
      ("9223372036854775807", (1 << 63) - 1), ("9223372036854775808", 1 << 63),
      ("9223372036854775809", (1 << 63) + 1), ("18446744073709551614", .max - 1), ("18446744073709551615", .max),
      ("-1", .max), ("-2", .max - 1), ("-9223372036854775808", 1 << 63), ("-9223372036854775807", (1 << 63) + 1),
    ] as [(String, UInt64)])
  func integers(text: String, expected: UInt64) throws {
    let text = JSONText(text)
    #expect(text.bytes.integer(try text.value()) == expected)
  }

  @Test(
    "what is no 64-bit integer is nil",
    arguments: [
      "18446744073709551616", "18446744073709551620", "99999999999999999999", "-9223372036854775809",
      "-18446744073709551615", "1.0", "1e3", "0.5", "\"1\"", "true", "null", "[1]", "{}",
    ])
  func notIntegers(text: String) throws {
    let text = JSONText(text)
    #expect(text.bytes.integer(try text.value()) == nil)
  }

  @Test(
    "escapes are resolved",
    arguments: [
      (#""""#, ""), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
      (#""\u0041\u00E9\u20ac""#, "Aé€"), (#""\ud83d\ude00!""#, "😀!"), (#""\u0000""#, "\0"), (#""ü\nü""#, "ü\nü"),
      (#""\udbff\udfff""#, "\u{10ffff}"), (#""e\u0301""#, "e\u{301}"),
    ])
  func strings(text: String, expected: String) throws {
    let text = JSONText(text)
    #expect(text.bytes.string(try text.value()).unicodeScalars.elementsEqual(expected.unicodeScalars))
  }

  @Test("the raw bytes of a string keep their escapes")
  func raw() throws {
    let text = JSONText(#"  "a\n\u0041" "#)
    let span = try text.value()
    #expect(span.hasEscapes)
    #expect(String(decoding: text.bytes.rawString(span), as: UTF8.self) == #"a\n\u0041"#)
    #expect(String(decoding: text.bytes.slice(span), as: UTF8.self) == #""a\n\u0041""#)
  }
}
