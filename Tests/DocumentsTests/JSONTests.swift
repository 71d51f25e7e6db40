import Documents
import Testing

@Suite struct JSONTests {
  @Test(arguments: [
    "null", "true", "-12", "9223372036854775807", "9223372036854775808", "18446744073709551615", "1.10", "1e400",
    #""a\"\\\u0001é""#, "[]", "{}", #"{"b":[1,{"a":null}],"a":false}"#,
  ])
  func `a text is written back as it was read`(_ text: String) throws {
    #expect(try Value(json: text).json == text)
  }

  @Test func `indented JSON has two blanks per level`() {
    let value: Value = ["a": [1, 2], "b": [:], "c": ["d": nil]]
    #expect(
      value.indentedJSON == """
        {
          "a": [
            1,
            2
          ],
          "b": {},
          "c": {
            "d": null
          }
        }

        """)
  }

  @Test(arguments: [
    ("", "a value is expected"), ("{\n \"a\" 1}", "line 2, column 6: ':' is expected"),
    (#"{"a":1,"a":2}"#, "line 1, column 8: a key stands twice"), ("[1] x", "line 1, column 5: trailing characters"),
  ])
  func `a mistake is reported with its place`(_ text: String, _ message: String) {
    #expect(performing: { try Value(json: text) }, throws: { "\($0)" == message })
  }
}
