import ArgumentParser
import Support

/// A command line made ready for the argument parser: which root command, which words.
struct Invocation {
  let root: any ParsableCommand.Type
  let arguments: [String]
  /// Warnings from normalising the flags.
  let warnings: [String]
  /// The flags that are named.
  let flags: GivenFlags
  /// The command as the user calls it, for hints.
  let command: String

  /// Chooses the root by the name the program was called under, and normalises the flags.
  ///
  /// - Parameters:
  ///   - commandLine: the program's name, then its arguments.
  ///   - root: the tree of commands under any name but the daemon's.
  /// - Throws: `ProgramError` with code `usage`.
  init(_ commandLine: [String], root: any ParsableCommand.Type, context: CommandContext) throws {
    let program = commandLine.first?.split(separator: "/").last
    let words = Array(commandLine.dropFirst())
    let daemonFlags = GFlagsNormalizer(environment: context.host.environment, readFile: context.readFile)
    if program == "vineyardd" {
      let flags = try daemonFlags.normalize(words)
      self.init(VineyarddCommand.self, flags.arguments, flags.warnings, command: "vineyardd")
    } else if let first = words.first, Self.verbatim.contains(where: { first.hasPrefix($0) }) {
      self.init(root, Self.completionWords(words), command: root._commandName)
    } else {
      let path = try CommandPath(root: root, words)
      if path.command == VineyarddCommand.self {
        let flags = try daemonFlags.normalize(path.rest)
        self.init(root, path.names + flags.arguments, flags.warnings, command: path.text)
      } else {
        let (words, flags) = try Self.normalized(path)
        self.init(
          root, path.names + words, VineyarddArguments.warnings(words), flags: flags, command: path.text)
      }
    }
  }

  private init(
    _ root: any ParsableCommand.Type, _ arguments: [String], _ warnings: [String] = [],
    flags: GivenFlags = GivenFlags(), command: String
  ) {
    self.root = root
    self.arguments = arguments
    self.warnings = warnings
    self.flags = flags
    self.command = command
  }

  /// The word by which completion scripts ask for words.
  static let completionCall = "---completion"

  /// First words that belong to the argument parser: completion scripts and what they call back.
  private static let verbatim = [completionCall, "--generate-completion-script", "--experimental-dump-help"]

  /// The question of a completion script, `---completion COMMAND… -- FLAG INDEX CURSOR WORD…`, with a cursor: fish leaves it
  /// out when it completes a text that nobody types; it is at the end of the word then.
  private static func completionWords(_ words: [String]) -> [String] {
    guard words.first == completionCall, let end = words.firstIndex(of: "--"), words.count > end + 3,
      let index = Int(words[end + 2]), Int(words[end + 3]) == nil
    else { return words }
    let commandLine = words[(end + 3)...]
    let word = commandLine.dropFirst(index).first ?? ""
    return words[...(end + 2)] + ["\(word.count)"] + commandLine
  }

  /// The words of a command for the argument parser; without flags no table of them is made.
  private static func normalized(_ path: CommandPath) throws(ProgramError) -> ([String], GivenFlags) {
    let words = path.names.isEmpty ? path.rest.map { $0 == "-v" ? "--version" : $0 } : path.rest
    if words.isEmpty { return ([], GivenFlags()) }
    if words.count == 1, words[0] == "--help" || words[0] == "-h" { return (["--help"], GivenFlags()) }
    var normalizer = PFlagsNormalizer(
      command: path.text, own: DeclaredFlags(of: path.command), persistent: PersistentArguments.flags)
    let arguments = try normalizer.normalize(words)
    // '-' stands for standard input.
    if let word = normalizer.given.operands.first(where: { $0 != "-" }), normalizer.own.flag(named: "name") != nil {
      throw ProgramError(.usage, "unexpected argument '\(word)'", hint: "--name \(word) gives a name")
    }
    return (arguments, normalizer.given)
  }
}

/// The flags that may stand with every command and in front of its name, the original's global flags and ours.
///
/// Commands declare those they heed; with the others they have no meaning, as in the original.
struct PersistentArguments: ParsableArguments {
  @OptionGroup var connection: ConnectionArguments
  @OptionGroup var waiting: WaitArguments
  @OptionGroup var creation: NamespaceCreationArguments
  @OptionGroup var scheduler: SchedulerArguments

  static let flags = DeclaredFlags(PersistentArguments.self)
}

/// Flags that the original takes because a scheduler is built into it; without effect there as here.
struct SchedulerArguments: ParsableArguments {
  @Flag(name: .customLong("x-version"), help: ArgumentHelp("Without effect.", visibility: .hidden))
  var showsSchedulerVersion = false

  @Option(name: .customLong("log-flush-frequency"), help: ArgumentHelp("Without effect.", visibility: .hidden))
  var logFlushFrequency: String?
}
