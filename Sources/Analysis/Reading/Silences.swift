import Support

/// Comments of a file that silence codes: `# vineyard: ignore VY0104`, on the line or alone on the one above.
struct Silences: Sendable {
  private var codes: [Int: Set<Substring>] = [:]

  init(_ text: String) {
    guard text.hasBytes(of: Self.mark) else { return }
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.hasBytes(of: Self.mark), let range = line.firstRange(of: Self.mark) else { continue }
      let before = line[..<range.lowerBound]
      let listed = Set(line[range.upperBound...].split { $0 == "," || $0.isWhitespace })
      // Alone on its line it is for the next one.
      let isAlone = before.allSatisfy(\.isWhitespace)
      codes[index + (isAlone ? 2 : 1), default: []].formUnion(listed)
    }
  }

  private static let mark = "# vineyard: ignore "

  /// Whether a comment silences a finding.
  func silence(_ finding: Finding) -> Bool {
    codes[finding.place.line]?.contains(finding.code[...]) ?? false
  }
}
