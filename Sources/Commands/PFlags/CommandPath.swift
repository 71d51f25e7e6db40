import ArgumentParser
import Support

/// The command that a command line names, and the words that are left for its flags.
///
/// Flags may stand in front of the name and between its parts.
struct CommandPath {
  /// The command itself.
  private(set) var command: any ParsableCommand.Type
  /// The names of the subcommands on the way.
  private(set) var names: [String] = []
  /// Every other word.
  private(set) var rest: [String] = []

  private let root: any ParsableCommand.Type

  /// Follows the subcommands from a root.
  ///
  /// - Throws: `ProgramError` with code `usage` for an unknown subcommand.
  init(root: any ParsableCommand.Type, _ words: [String]) throws(ProgramError) {
    self.root = root
    command = root
    var wantsHelp = false
    var remaining = words[...]
    while !command.configuration.subcommands.isEmpty, let word = remaining.first, word != "--" {
      remaining.removeFirst()
      if word.hasPrefix("-") {
        rest.append(word)
        if let next = remaining.first, isValue(next, of: word) { rest.append(remaining.removeFirst()) }
      } else if let next = command.subcommand(named: word) {
        command = next
        names.append(next._commandName)
      } else if word == "help" && names.isEmpty && !wantsHelp {
        wantsHelp = true
      } else {
        throw unknown(word)
      }
    }
    rest = wantsHelp ? ["--help"] : rest + remaining
  }

  /// The command as the user calls it.
  var text: String { ([root._commandName] + names).joined(separator: " ") }

  /// Whether the word behind a flag belongs to it, while the command that declares it may not be known yet.
  private func isValue(_ next: String, of word: String) -> Bool {
    if word.contains("=") || Self.switches.contains(word) { return false }
    let flag: DeclaredFlag?
    if word.hasPrefix("--") {
      flag = PersistentArguments.flags.flag(named: String(word.dropFirst(2)))
    } else {
      let letters = word.dropFirst()
      flag = letters.last.flatMap { PersistentArguments.flags.flag(letter: $0) }
      let isAttached = letters.dropLast().contains { PersistentArguments.flags.flag(letter: $0)?.isBoolean == false }
      if isAttached || (flag == nil && letters.count > 1) { return false }
    }
    if let flag { return !flag.isBoolean }
    return !next.hasPrefix("-") && command.subcommand(named: next) == nil
  }

  /// Flags of the root without a value; known here so that asking for help needs no table.
  private static let switches = ["--help", "-h", "--version", "-v", "--dump-usage", "-j"]

  private func unknown(_ word: String) -> ProgramError {
    let known = command.configuration.subcommands.map { $0._commandName } + (names.isEmpty ? ["help"] : [])
    let path = names.map { "\($0) " }.joined()
    let hint =
      CommandAdvice.hint(for: word, behind: names)
      ?? nearest(to: word, in: known).map { "did you mean '\(path)\($0)'?" }
    return ProgramError(
      .usage, "unknown command '\(path)\(word)'", hint: hint ?? "'\(text) --help' lists the commands")
  }
}

extension ParsableCommand {
  /// The subcommand of a name or an alias.
  fileprivate static func subcommand(named name: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0._commandName == name || $0.configuration.aliases.contains(name) }
  }
}
