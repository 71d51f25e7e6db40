import Support

extension FlagSpec {
  /// The value in its one spelling: `true`/`false`, decimal integers, everything else as it is.
  ///
  /// - Throws: `CommandError` with code `usage` when the value does not fit the kind.
  func canonicalValue(_ text: String) throws -> String {
    switch kind {
    case .boolean:
      guard let value = Bool(flagValue: text) else { throw invalid(text, expected: "true or false") }
      return String(value)
    case .integer:
      guard let value = FlagSpec.integer(text) else { throw invalid(text, expected: "a whole number") }
      return String(value)
    case .number:
      guard Double(text) != nil else { throw invalid(text, expected: "a number") }
      return text
    case .choice(let words):
      guard words.contains(text) else { throw invalid(text, expected: words.joined(separator: " or ")) }
      return text
    case .text:
      return text
    }
  }

  private static func integer(_ text: String) -> Int64? {
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = text.dropFirst(sign.count)
    guard digits.hasPrefix("0x") || digits.hasPrefix("0X") else { return Int64(text) }
    return Int64(sign + digits.dropFirst(2), radix: 16)
  }

  private func invalid(_ text: String, expected: String) -> CommandError {
    CommandError(.usage, "invalid value '\(text)' for --\(name)", hint: "give \(expected)")
  }
}
