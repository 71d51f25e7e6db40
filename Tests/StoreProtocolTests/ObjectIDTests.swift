import JSON
import StoreProtocol
import Testing

@Suite("object id")
struct ObjectIDTests {
  private func parse(_ text: String) -> UInt64? {
    let text = JSONText(text)
    return ObjectID(text: text.bytes)?.rawValue
  }

  @Test(
    "text is 'o' and sixteen lower-case digits, and back",
    arguments: [
      (0, "o0000000000000000"), (0x3039, "o0000000000003039"), (0x6882_0f1e_8080_0002, "o68820f1e80800002"),
      (0xe882_0f1e_7f00_0000, "oe8820f1e7f000000"), (1 << 63, "o8000000000000000"), (.max, "offffffffffffffff"),
    ] as [(UInt64, String)])
  func text(value: UInt64, text: String) {
    #expect(ObjectID(value).description == text)
    #expect(parse(text) == value)
  }

  @Test("the first character is not checked, digits may be few and of either case")
  func lenient() {
    #expect(parse("s68820F1E80800002") == 0x6882_0f1e_8080_0002)
    #expect(parse("o1f") == 0x1f)
    #expect(HexText.string(prefix: UInt8(ascii: "S"), 0xab) == "S00000000000000ab")
  }

  @Test("other text is no id", arguments: ["", "o", "og", "o 1", "o0x1", "o-1", "o00000000000000001", "o1\u{e9}"])
  func invalid(text: String) {
    #expect(parse(text) == nil)
  }

  @Test("bit 63 marks blobs; the invalid id is neither blob nor object")
  func blobs() {
    #expect(ObjectID(0xe882_0f1e_7f00_0000).isBlob)
    #expect(!ObjectID(0x6882_0f1e_8080_0002).isBlob)
    #expect(ObjectID.emptyBlob.isBlob)
    #expect(!ObjectID.invalid.isBlob)
  }
}
