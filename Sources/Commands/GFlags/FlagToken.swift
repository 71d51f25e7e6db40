/// One word of a command line that is a flag, taken apart: `--rpc-socket-port=9600`.
struct FlagToken: Equatable {
  /// The word as written.
  let text: String
  /// The name without dashes in front, inner dashes turned into underscores.
  let name: String
  /// What follows the equals sign, nil when there is none.
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
