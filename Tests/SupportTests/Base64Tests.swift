import Support
import Testing

@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `the vectors of RFC 4648`(_ text: String, _ code: String) {
    #expect(Base64.encode(Array(text.utf8)) == code)
    #expect(Base64.decode(code) == Array(text.utf8))
  }

  @Test func `every byte survives`() {
    let bytes = (0...255).map { UInt8($0) }
    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
  }

  @Test func `line breaks and blanks are skipped`() {
    #expect(Base64.decode(" Zm9v\r\nYmFy\n\t") == Array("foobar".utf8))
  }

  @Test(arguments: ["Z", "Zg", "Zg=", "Zm9v=", "Zm9*", "=Zg=", "Zg==Zg==", "ü===", "===="])
  func `what is no base64 is refused`(_ text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
