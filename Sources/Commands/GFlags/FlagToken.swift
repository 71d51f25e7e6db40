import Support

/// One word of a command line that is a flag, taken apart: `--rpc-socket-port=9600`.
struct FlagToken: Equatable {
  /// The word as written.
  let text: String
  /// The name without dashes in front, inner dashes turned into underscores.
  let name: String
  /// The text behind the equals sign, nil without one.
  let value: String?

  /// Nil when the word is not a flag: no dash in front, or nothing behind it.
  init?(_ text: String) {
    guard text.hasPrefix("-") else { return nil }
    let body = text.dropFirst(text.hasPrefix("--") ? 2 : 1)
    guard let first = body.first, first != "=", first != "-" else { return nil }
    let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    self.text = text
    name = String(parts[0].map { $0 == "-" ? "_" : $0 })
    value = parts.count > 1 ? String(parts[1]) : nil
  }

  /// Whether the name is one the daemon knows, so that the word cannot be the value of the flag before it.
  var isKnown: Bool {
    Directive(rawValue: name) != nil || FlagTable.spec(named: name) != nil || FlagTable.spec(negatedBy: name) != nil
  }
}

extension FlagToken {
  /// Flags that steer the reading of the command line instead of the daemon.
  enum Directive: String, CaseIterable {
    case flagfile, fromenv, tryfromenv, undefok
    case help, helpfull, helpshort, helppackage, helpxml, helpon, helpmatch, h
    case version
    case generateCompletionScript = "generate_completion_script"
    case dumpHelp = "experimental_dump_help"
  }
}

extension FlagSpec {
  /// The value in its one spelling: `true`/`false`, decimal integers, everything else as it is.
  ///
  /// - Throws: `ProgramError` with code `usage` when the value does not fit the kind.
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

  private func invalid(_ text: String, expected: String) -> ProgramError {
    ProgramError(.usage, "invalid value '\(text)' for --\(name)", hint: "give \(expected)")
  }
}
