import Support

/// The names of namespaces and other objects whose name becomes part of a host name (RFC 1123).
enum DNSLabel {
  /// Whether a text has 1 to 63 lower-case letters, digits and inner dashes.
  static func isValid(_ text: String) -> Bool {
    guard (1...63).contains(text.utf8.count), text.utf8.first != dash, text.utf8.last != dash else { return false }
    return text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == dash }
  }

  /// Refuses what is no label.
  ///
  /// - Throws: `CommandError` with code `usage`.
  static func require(_ text: String, of flag: String) throws(CommandError) {
    guard !isValid(text) else { return }
    throw CommandError(
      .usage, "invalid \(flag) '\(text)'",
      hint: "a name has at most 63 lower-case letters, digits and '-', and begins and ends with a letter or digit")
  }

  private static let dash = UInt8(ascii: "-")
  private static let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
}
