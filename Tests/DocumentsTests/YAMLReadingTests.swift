import Documents
import Testing

@Suite struct YAMLReadingTests {
  @Test(
    arguments: [
      ("a", "a"), ("yes", true), ("Off", false), ("y", true), ("N", false), ("~", nil), ("", nil), ("NULL", nil),
      ("12", 12), ("-7", -7), ("+3", 3), ("1_000", 1000), ("017", 15), ("0x1F", 31), ("0b101", 5), ("0o17", 15),
      ("1.50", .decimal("1.50")), (".5", .decimal("0.5")), ("1e3", .decimal("1.0e3")), ("007.5", .decimal("7.5")),
      ("18446744073709551615", .decimal("18446744073709551615")), ("1Gi", "1Gi"), ("2026-11-24", "2026-11-24"),
      ("1.2.3", "1.2.3"), ("0x", "0x"), ("-", "-"), ("--1", "--1"), ("089", .decimal("89.0")), ("12:30", "12:30"),
      ("'12'", "12"), ("\"yes\"", "yes"), ("!!str 12", "12"), ("!!int '12'", 12),
    ] as [(String, Value)])
  func `a scalar means what it means to Kubernetes`(_ text: String, _ value: Value) throws {
    #expect(try Value(yaml: "[\(text)]")[0] ?? .null == value)
  }

  @Test func `documents are separated and empty ones left out`() throws {
    let text = "# head\n---\na: 1\n---\n---\nb: [x, {c: 'd'}]\n...\n"
    #expect(try Value.documents(yaml: text) == [["a": 1], ["b": ["x", ["c": "d"]]]])
  }

  @Test func `anchors, aliases and merge keys are resolved and own keys win`() throws {
    let text = "base: &b {x: 1, y: 2}\nother: {<<: *b, y: 3}\nsame: *b\n"
    #expect(try Value(yaml: text)["other"] == ["x": 1, "y": 3])
    #expect(try Value(yaml: text)["same"] == ["x": 1, "y": 2])
  }

  @Test func `block scalars keep or fold their lines`() throws {
    let value = try Value(yaml: "literal: |\n  a\n   b\nfolded: >-\n  a\n  b\n")
    #expect(value == ["literal": "a\n b\n", "folded": "a b"])
  }

  @Test func `JSON is read as YAML and keys keep their order`() throws {
    let value = try Value(yaml: #"{"z": [1, "\u00e9"], "a": null}"#)
    #expect(value == ["z": [1, "é"], "a": nil])
    #expect(value.fields.map { Array($0.keys) } == ["z", "a"])
  }

  @Test func `keys that are no text become the text they were written as`() throws {
    #expect(try Value(yaml: "1: a\nyes: b\n") == ["1": "a", "yes": "b"])
  }

  @Test(arguments: [
    ("a: [1", "line 2, column 1: did not find expected ',' or ']'"),
    ("a: 1\na: 2\n", "line 2, column 1: the key 'a' stands twice"),
    ("a: *x\n", "line 1, column 4: unknown anchor 'x'"),
    ("? [a]\n: b\n", "line 1, column 3: a key must be a text"),
    ("a: !mine b\n", "line 1, column 4: unknown tag '!mine'"),
    ("a: !!int b\n", "line 1, column 4: 'b' does not fit its tag"),
    ("<<: 3\n", "line 1, column 1: '<<' merges mappings only"),
    ("a:\n\t- b\n", "line 2, column 1: found character that cannot start any token"),
  ])
  func `a mistake is reported with its place`(_ text: String, _ message: String) {
    #expect(performing: { try Value(yaml: text) }, throws: { "\($0)" == message })
  }

  @Test func `a text that unfolds to a huge tree is refused`() {
    let lines = (1...9).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ","))]" }
    let text = (["a0: &a0 x"] + lines).joined(separator: "\n")
    #expect(performing: { try Value(yaml: text) }, throws: { "\($0)".hasSuffix("too many values") })
  }

  @Test func `deep nesting is refused`() {
    let text = String(repeating: "[", count: 5000)
    #expect(performing: { try Value(yaml: text) }, throws: { "\($0)".hasSuffix("nested too deeply") })
  }
}
