import Support
import Testing

@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("plain", "plain"), ("grüß 漢字", "grüß 漢字"), ("a\nb\tc", "a\\nb\\tc"), ("\u{1B}[31m", "\\u001b[31m"),
    ("\u{9B}x", "\\u009bx"), ("\u{202E}evil", "\\u202eevil"), ("\u{E0001}", "\\U000e0001"),
    (String(repeating: "x", count: 70), String(repeating: "x", count: 64) + "…"),
  ])
  func `nothing that a terminal obeys is printed`(_ text: String, _ shown: String) {
    #expect(text.printable() == shown)
  }

  @Test func `JSON means the same with escapes`() {
    #expect(
      "{\"a\": \"\u{9B}\u{202E}\u{E0001}é\"}\n".jsonForTerminals == "{\"a\": \"\\u009b\\u202e\\udb40\\udc01é\"}\n")
  }
}
