import JSON
import StoreProtocol
import Testing

@Suite("JSON scanner")
struct JSONScannerTests {
  @Test(
    "valid text is taken whole, with its kind",
    arguments: [
      ("0", JSONKind.number), ("-0", .number), ("1.5", .number), ("-12.75e+3", .number), ("1E-2", .number),
      ("18446744073709551615", .number), ("true", .boolean), ("false", .boolean), ("null", .null),
      ("\"\"", .string), ("\"plain\"", .string), (#""\"\\\/\b\f\n\r\t""#, .string), (#""\u0041\u00e9""#, .string),
      (#""\ud83d\ude00""#, .string), (#""\uDBFF\uDFFF""#, .string), ("\"ü€😀\u{7f}\"", .string),
      ("[]", .array), ("[ 1 , [2],{} ]", .array), ("{}", .object), (" \t\r\n{ \"a\" : [ null ] } ", .object),
    ])
  func valid(text: String, kind: JSONKind) throws {
    let span = try JSONText(text).value()
    #expect(span.kind == kind)
    #expect(span.count == text.utf8.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }.count || kind != .string)
  }

  @Test(
    "invalid text is refused",
    arguments: [
      "", " ", "nul", "nulL", "tru", "truE", "fals", "True", "x", "+1", ".5", "1.", "1.e3", "1e", "1e+", "-", "--1",
      "01",
      "-01", "0x10", "1 2", "NaN", "Infinity", "'a'", "\"", "\"a", "\"a\\", "\"\\\"", #""\x""#, #""\u12""#,
      #""\u12g4""#,
      #""\u123""#, #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ude00""#, "\"\n\"", "\"\t\"",
      "\"\0\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
      "{\"a\":1,}", "{a:1}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{,}", "{\"a\":}", "}", "[}", "{]", "/**/1",
    ])
  func invalid(text: String) {
    #expect(throws: JSONError.self) { try JSONText(text).value() }
  }

  @Test(
    "bytes that are not UTF-8 are refused",
    arguments: [
      [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf],
      [0xe2, 0x82], [0xe2, 0x28, 0xa1], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80],
      [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xfe], [0xff],
    ] as [[UInt8]])
  func invalidUTF8(content: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONText(bytes: [0x22] + content + [0x22]).value() }
    #expect(throws: JSONError.self) { try JSONText(bytes: [0x22] + content).value() }
  }

  @Test(
    "the first and last character of each length in UTF-8 are taken",
    arguments: [0x20, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff] as [UInt32])
  func validUTF8(code: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(code))
    let text = JSONText("\"\(Character(scalar))\"")
    #expect(text.bytes.string(try text.value()).unicodeScalars.elementsEqual([scalar]))
  }

  @Test("every prefix of a valid object is refused, without reading past its end")
  func truncated() throws {
    let whole = Array(#"{"a":[1.5e3,true,null,"\u00e9\ud83d\ude00é😀"],"b":{"c":-7}}"#.utf8)
    _ = try JSONText(bytes: whole).value()
    for length in 0..<whole.count {
      #expect(throws: JSONError.self) { try JSONText(bytes: Array(whole[..<length])).value() }
    }
  }

  @Test("nesting is taken up to the maximum and refused beyond")
  func depth() throws {
    let most = JSONScanner.maximumDepth
    func arrays(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONText(arrays(most)).value()
    #expect(failure(arrays(most + 1)) == "nested too deeply at \(most + 1)")
    #expect(throws: JSONError.self) { try JSONText(String(repeating: "[", count: 1_000_000)).value() }
    #expect(throws: JSONError.self) { try JSONText(String(repeating: "{\"a\":", count: 1_000_000)).value() }
    _ = try JSONText("[" + Array(repeating: "[[]]", count: 1000).joined(separator: ",") + "]").value()
  }

  /// Why and where a text is refused.
  private func failure(_ text: String) -> String? {
    do throws(JSONError) {
      _ = try JSONText(text).value()
      return nil
    } catch { return "\(error.reason) at \(error.offset)" }
  }

  @Test("an error tells the reason and the offset")
  func offsets() {
    #expect(failure("{\"a\"}") == "':' is expected at 4")
    #expect(failure("{} x") == "trailing characters at 3")
    #expect(failure("\"\\x\"") == "an unknown escape at 2")
  }

  @Test("the spans of an object's fields are handed out in order")
  func fields() throws {
    let text = JSONText(#"{ "a" : 1, "b\n" : "x" , "c":[2, 3]}"#)
    var seen: [String] = []
    var scanner = JSONScanner(text.bytes)
    try scanner.scanObject { key, value in
      seen.append(text.bytes.string(key) + "=" + String(decoding: text.bytes.slice(value), as: UTF8.self))
    }
    try scanner.finish()
    #expect(seen == ["a=1", "b\n=\"x\"", "c=[2, 3]"])
  }
}
