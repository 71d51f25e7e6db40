extension String {
  /// The text with every run of line breaks, and the blanks around it, turned into one blank.
  public var onOneLine: String {
    guard utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else { return self }
    let lines = split(whereSeparator: \.isNewline)
    return lines.map { $0.trimmingBlanks() }.filter { !$0.isEmpty }.joined(separator: " ")
  }
}

extension StringProtocol {
  /// The text without blanks, tabs and line breaks at either end.
  public func trimmingBlanks() -> String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }

  /// The text without line breaks at its end.
  public func trimmingLineEnd() -> String {
    guard let last = lastIndex(where: { !$0.isNewline }) else { return "" }
    return String(self[...last])
  }
}

extension [String] {
  /// The first five in alphabetical order and how many more there are: `a, b, c, d, e and 3 more`.
  public var shortList: String {
    let shown = sorted().prefix(5).joined(separator: ", ")
    return count > 5 ? "\(shown) and \(count - 5) more" : shown
  }
}
