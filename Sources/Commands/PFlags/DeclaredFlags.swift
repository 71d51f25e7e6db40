import ArgumentParser
import Documents

/// The flags of one command, read from its declaration, so that no second list of them exists.
struct DeclaredFlags {
  /// The flags in the order of the help; what a flag and its `--no-` form declare is one.
  let flags: [DeclaredFlag]
  /// Whether the command takes words that are not flags.
  let takesArguments: Bool

  /// The flags of a command, without those of its subcommands.
  init(of command: any ParsableCommand.Type) {
    func flags<Command: ParsableCommand>(of _: Command.Type) -> any ParsableArguments.Type {
      FlagsOfCommand<Command>.self
    }
    self.init(command.configuration.subcommands.isEmpty ? command : flags(of: command))
  }

  /// The flags of a group of flags.
  init(_ type: any ParsableArguments.Type) {
    // A dump that cannot be read has no flags, which then are unknown.
    let dump = try? Value(json: type._dumpHelp())
    self.init(command: dump?["command"] ?? [:])
  }

  /// The flags of a command of the argument parser's dump.
  init(command: Value) {
    let arguments = command["arguments"]?.array ?? []
    takesArguments = arguments.contains { $0["kind"]?.string == "positional" }
    flags = arguments.compactMap { DeclaredFlag($0) }.reduce(into: []) { flags, flag in
      if let last = flags.indices.last, case .boolean(let standard, _) = flags[last].kind,
        flags[last].isInverted(by: flag)
      {
        flags[last].kind = .boolean(default: standard, inverse: flag.name)
      } else {
        flags.append(flag)
      }
    }
  }

  private init(_ flags: [DeclaredFlag], takesArguments: Bool) {
    self.flags = flags
    self.takesArguments = takesArguments
  }

  /// These flags and one that every command takes.
  func and(_ name: String) -> DeclaredFlags {
    guard let flag = PersistentArguments.flags.flag(named: name) else { return self }
    return DeclaredFlags(flags + [flag], takesArguments: takesArguments)
  }

  func flag(named name: String) -> DeclaredFlag? { flags.first { $0.longNames.contains(name) } }

  func flag(inverse name: String) -> DeclaredFlag? { flags.first { $0.inverse == name } }

  func flag(letter: Character) -> DeclaredFlag? { flags.first { $0.letters.contains(letter) } }
}

/// A command as a group of flags: its dump leaves out the subcommands, which can be many.
private struct FlagsOfCommand<Command: ParsableCommand>: ParsableArguments {
  @OptionGroup var command: Command
}
