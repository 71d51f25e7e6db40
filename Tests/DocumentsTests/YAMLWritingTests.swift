import Documents
import Testing

@Suite struct YAMLWritingTests {
  @Test func `a manifest is written in block style with lists at the key's indentation`() {
    let value: Value = [
      "kind": "Pod", "spec": ["containers": [["name": "a", "args": ["--x=1", "y"]]], "empty": [], "none": [:]],
      "text": "one\ntwo\n",
    ]
    #expect(
      value.yaml == """
        kind: Pod
        spec:
          containers:
          - name: a
            args:
            - --x=1
            - "y"
          empty: []
          none: {}
        text: |
          one
          two

        """)
  }

  @Test(arguments: [
    "", "yes", "n", "12", "-1.5", "0x1F", "~", "null", "a: b", "- a", "#x", "x #y", "it's", "\"q\"", "tab\there",
    " lead",
    "trail ", "1:30", "2026-11-24", ".inf", "<<", "=", "é", "😀", "a\nb", "a\n", "\n", "\n\n a", "  a\nb", "%", "@x",
    "`",
    "{a}", "[", "*a", "&a", "!t", "|", ">", "\u{0}", "\u{7f}", "a\r\nb", "key with space", "1e3", "017", "1_0",
  ])
  func `any text reads back as itself, as a value and as a key`(_ text: String) throws {
    let value: Value = ["value": .string(text), "list": [.string(text)], "map": .object([text: .string(text)])]
    #expect(try Value(yaml: value.yaml) == value)
  }

  @Test func `a bare scalar is one line`() { #expect(Value.integer(3).yaml == "3\n") }

  @Test func `documents are separated by a line`() {
    #expect(Value.yaml([["a": 1], ["b": 2]]) == "a: 1\n---\nb: 2\n")
  }
}
