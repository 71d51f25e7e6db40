import Support

/// The error for a flag nobody knows.
enum UnknownFlag {
  static func error(_ token: FlagToken) -> CommandError {
    let isNegatedOption = token.name.hasPrefix("no") && FlagTable.spec(named: String(token.name.dropFirst(2))) != nil
    if isNegatedOption {
      return CommandError(.usage, "\(token.text) negates a flag that is not boolean", hint: "leave it out")
    }
    let guess = nearest(to: token.name, in: FlagTable.all.map(\.name))
    let hint = guess.map { "did you mean --\($0)?" } ?? "--help lists the flags"
    return CommandError(.usage, "unknown flag '\(token.text)'", hint: hint)
  }
}
