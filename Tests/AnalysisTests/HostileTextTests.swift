import Analysis
import Documents
import Support
import Testing

/// Whatever a text is, its analysis ends, and its findings are in it.
@Suite struct HostileTextTests {
  /// The findings of a text; each on a line that the text has.
  @discardableResult
  private func analyze(_ text: String) -> Analysis {
    let analysis = Samples.analyze(text)
    let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
    for finding in analysis.findings {
      #expect((1...lines + 1).contains(finding.place.line) && finding.place.column > 0)
    }
    return analysis
  }

  @Test(arguments: ["VY0111.yaml", "VY0115.yaml"])
  func `a text may be cut at any byte`(_ name: String) throws {
    let bytes = Array(try Samples.file(name).utf8)
    for end in bytes.indices { analyze(String(decoding: bytes[..<end], as: UTF8.self)) }
  }

  @Test func `any value may stand in the place of any other`() throws {
    let text = try Samples.file("VY0109.yaml") + "---\n" + Samples.file("VY0107.yaml")
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for index in lines.indices {
      guard let colon = lines[index].firstRange(of: ":") else { continue }
      for value in [" null", " [7, {b: c}]", " text", " '{{x}}'"] {
        var changed = lines
        changed[index] = lines[index][..<colon.upperBound] + value
        analyze(changed.joined(separator: "\n"))
      }
    }
  }

  @Test func `aliases that unfold to a huge tree end in one finding`() {
    let levels = (1...9).map { level in
      "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]"
    }
    let analysis = analyze((["a0: &a0 x"] + levels).joined(separator: "\n"))
    #expect(analysis.findings.map(\.message) == ["too many values"])
  }

  @Test func `manifests inside a workflow share one limit`() {
    let bomb =
      "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
      + "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
      + "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\nkind: PersistentVolumeClaim\n"
    let quoted = Value.string(bomb).json
    let templates = (0..<300).map { "    - {name: t\($0), resource: {action: create, manifest: \(quoted)}}" }
    let tasks = (0..<300).map { "{name: t\($0), template: t\($0)}" }.joined(separator: ", ")
    analyze(
      "kind: Workflow\nmetadata: {generateName: a-}\nspec:\n  entrypoint: all\n  templates:\n"
        + "    - {name: all, dag: {tasks: [\(tasks)]}}\n" + templates.joined(separator: "\n"))
  }

  @Test func `templates that call each other without end, or very often, are not followed for ever`() {
    let levels = (0..<20).map { level in
      "    - {name: t\(level), steps: [[{name: a, template: t\(level + 1)}, {name: b, template: t\(level + 1)}]]}"
    }
    let text =
      "kind: WorkflowTemplate\nmetadata: {name: a}\nspec:\n  entrypoint: t0\n  templates:\n"
      + levels.joined(separator: "\n") + "\n    - {name: t20, steps: [[{name: again, template: t0}]]}\n"
    analyze(text)
    analyze(text.replacing("t0}]]}\n", with: "t20}]]}\n"))
  }

  @Test func `deep nesting ends in one finding`() {
    for bracket in ["[", "{a: ", "- "] {
      let analysis = analyze(String(repeating: bracket, count: 20_000))
      #expect(analysis.findings.map(\.code) == ["VY0190"])
    }
  }

  @Test func `placeholders that double each other do not grow`() {
    let templates = (0..<40).map { level in
      "    - name: t\(level)\n      steps:\n"
        + "        - - {name: s, template: t\(level + 1), arguments: {parameters: "
        + "[{name: x, value: '{{inputs.parameters.x}}{{inputs.parameters.x}}'}]}}"
    }
    analyze(
      "kind: WorkflowTemplate\nmetadata: {name: a}\nspec:\n  entrypoint: start\n  templates:\n"
        + "    - {name: start, steps: [[{name: s, template: t0, arguments: {parameters: [{name: x, value: abcdefgh}]}}]]}\n"
        + templates.joined(separator: "\n")
        + "\n    - {name: t40, container: {command: ['vineyard {{inputs.parameters.x}}']}}\n")
  }

  @Test func `many steps, claims and mounts take time in proportion`() {
    let claims = (0..<2_000).map {
      "kind: PersistentVolumeClaim\nmetadata: {name: c\($0)}\nspec: {storageClassName: a.b.csi}"
    }
    let pods = (0..<2_000).map {
      "kind: Pod\nmetadata: {name: p\($0)}\nspec:\n  containers: [{name: c, volumeMounts: [{name: v, mountPath: /m\($0)}]}]\n"
        + "  volumes: [{name: v, persistentVolumeClaim: {claimName: c0}}]"
    }
    let analysis = analyze((claims + pods).joined(separator: "\n---\n"))
    // Each claim lacks size and mode, and each pod but the first mounts the claim at a path of its own.
    #expect(analysis.findings.count == 2_000 * 2 + 1_999)
  }

  @Test func `a byte order mark, line ends of Windows and tabs in JSON change nothing`() throws {
    let text = try Samples.file("VY0109.yaml")
    let found = Samples.analyze(text).text()
    #expect(!found.isEmpty)
    let windows = text.replacing("\n", with: "\r\n")
    #expect(Samples.analyze(windows).text() == found)
    #expect(Samples.analyze("\u{FEFF}" + text).text() == found)
    let json = try #require(try Value.documents(yaml: text).first)
    let tabs = json.indentedJSON.replacing("  ", with: "\t")
    #expect(Samples.analyze(tabs).findings.map(\.code) == Array(repeating: "VY0109", count: 4))
  }

  @Test(arguments: [
    ("a:\n\t- b\n", 2), ("a: 1\nb: 2\na: 3\n", 3), ("a: [1\n", 2), ("---\na: 1\n---\n%", 4), ("a: \u{1}\n", 1),
    ("a: !!int x\n", 1), ("{{ if .Values.on }}\n", 1), ("a: *b\n", 1),
  ])
  func `what is no YAML is told with its place`(_ text: String, _ line: Int) {
    let analysis = analyze(text)
    #expect(analysis.findings.map(\.code) == ["VY0190"])
    #expect(analysis.findings.map(\.place.line) == [line], "\(analysis.text())")
  }

  @Test(arguments: ["", "\n", "---\n---\n", "# nothing\n", "---\n...\n", "\u{FEFF}", "null\n"])
  func `in an empty text nothing is found`(_ text: String) {
    #expect(analyze(text).findings.isEmpty)
  }

  @Test func `documents before a mistake are analyzed`() throws {
    let analysis = analyze(try Samples.file("VY0103.yaml") + "---\na: [\n")
    #expect(analysis.findings.map(\.code) == Array(repeating: "VY0103", count: 4) + ["VY0190"])
  }

  @Test func `what a terminal would obey is not in a message`() {
    let analysis = analyze(
      "kind: PersistentVolumeClaim\nmetadata: {name: \"a\\e[31m\\nb\"}\nspec: {storageClassName: a.b.csi}\n")
    #expect(analysis.findings.count == 2)
    #expect(!analysis.text().unicodeScalars.contains("\u{1B}"))
    #expect(analysis.text().utf8.count { $0 == UInt8(ascii: "\n") } == 2)
  }
}
