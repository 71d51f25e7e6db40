import ArgumentParser
import Support

/// A command line made ready for the argument parser: which root command, which words.
struct Invocation {
  let root: any ParsableCommand.Type
  let arguments: [String]
  /// What normalising the flags found worth telling.
  let warnings: [String]

  /// Chooses the root by the name the program was called under, and normalises the daemon's flags.
  ///
  /// - Parameter commandLine: the program's name, then its arguments.
  /// - Throws: `CommandError` with code `usage`.
  init(_ commandLine: [String], context: CommandContext) throws {
    let program = commandLine.first?.split(separator: "/").last
    let words = Array(commandLine.dropFirst())
    let normalizer = GFlagsNormalizer(environment: context.host.environment, readFile: context.readFile)
    if program == "vineyardd" {
      let flags = try normalizer.normalize(words)
      (root, arguments, warnings) = (VineyarddCommand.self, flags.arguments, flags.warnings)
    } else if let first = words.first, first == VineyarddCommand.configuration.commandName {
      let flags = try normalizer.normalize(Array(words.dropFirst()))
      (root, arguments, warnings) = (Vineyardctl.self, [first] + flags.arguments, flags.warnings)
    } else {
      try Self.requireKnownCommand(words)
      (root, arguments, warnings) = (Vineyardctl.self, words, [])
    }
  }

  /// Refuses a word where only a subcommand can stand, which the argument parser would call an argument.
  private static func requireKnownCommand(_ words: [String]) throws {
    var configuration = Vineyardctl.configuration
    var path = "vineyardctl"
    for word in words.first == "help" ? words.dropFirst() : words[...] {
      guard !configuration.subcommands.isEmpty, !word.hasPrefix("-") else { return }
      guard let next = configuration.subcommands.first(where: { $0.configuration.commandName == word }) else {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
        let hint = nearest(to: word, in: names).map { "did you mean '\($0)'?" } ?? "'\(path) --help' lists the commands"
        throw CommandError(.usage, "unknown command '\(word)'", hint: hint)
      }
      configuration = next.configuration
      path += " \(word)"
    }
  }
}
