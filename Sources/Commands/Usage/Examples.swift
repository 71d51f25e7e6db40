import Support

/// Examples below the discussion of a command, as help and the reference show them.
extension String {
  /// The text with command lines below it.
  ///
  /// - Parameter lines: of at most 76 characters, or help wraps them.
  func withExamples(_ lines: String...) -> String {
    let examples = "Examples:\n" + lines.map { "  \($0)" }.joined(separator: "\n")
    return isEmpty ? examples : "\(self)\n\n\(examples)"
  }

  /// The discussion without its examples.
  var withoutExamples: String {
    split.map { String(self[..<$0.lowerBound]).trimmingBlanks() } ?? self
  }

  /// The command lines of a discussion, one in each line.
  var examples: String { split.map { String(self[$0.upperBound...]) } ?? "" }

  private var split: Range<String.Index>? { firstRange(of: "Examples:\n") }
}
