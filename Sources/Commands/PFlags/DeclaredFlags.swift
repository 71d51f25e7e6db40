import ArgumentParser
import Documents
import OrderedCollections

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

/// One flag of a command, as it is declared for the argument parser.
struct DeclaredFlag: Equatable {
  /// The kind of value that a flag takes.
  enum Kind: Equatable {
    /// `--x` and `--x=false`; `inverse` is the name, if any, that switches it off: `no-x`, `no_x_y` or `noXY`.
    case boolean(default: Bool, inverse: String?)
    /// One value, the last one counts.
    case single
    /// Values that add up.
    case list
  }

  /// The name without dashes; of several the one that the help shows.
  let name: String
  /// Every long name.
  let longNames: [String]
  /// The letters of short spellings.
  let letters: [Character]
  var kind: Kind
  /// The default as the help shows it.
  let defaultText: String?
  let help: String
  /// The values there are, empty when any will do.
  let values: [String]
  /// Whether the help shows the flag.
  let isVisible: Bool

  /// A flag of the argument parser's dump, nil for a positional argument.
  init?(_ argument: Value) {
    let names = argument["names"]?.array ?? []
    let long = names.filter { $0["kind"]?.string == "long" }.compactMap { $0["name"]?.string }
    let short = names.filter { $0["kind"]?.string == "short" }.compactMap { $0["name"]?.string?.first }
    guard let name = argument["preferredName", "name"]?.string ?? long.first else { return nil }
    defaultText = argument["defaultValue"]?.string
    switch (argument["kind"]?.string, argument["isRepeating"]?.bool) {
    case ("flag", _): kind = .boolean(default: defaultText == "--\(name)", inverse: nil)
    case ("option", true): kind = .list
    case ("option", _): kind = .single
    default: return nil
    }
    self.name = name
    longNames = long
    letters = short
    help = argument["abstract"]?.string ?? ""
    values = (argument["allValues"]?.array ?? []).compactMap(\.string)
    isVisible = argument["shouldDisplay"]?.bool ?? true
  }

  var isBoolean: Bool {
    if case .boolean = kind { true } else { false }
  }

  /// The name that switches a boolean off, nil without one.
  var inverse: String? {
    if case .boolean(_, let inverse) = kind { inverse } else { nil }
  }

  /// Whether another flag is this one's inverse, as the argument parser names it.
  func isInverted(by other: DeclaredFlag) -> Bool {
    let joined = "no\(name.prefix(1).uppercased())\(name.dropFirst())"
    return isBoolean && ["no-\(name)", "no_\(name)", joined].contains(other.name)
  }

  /// Advice on giving it a value.
  var valueHint: String {
    values.isEmpty ? "write \(spelling)=VALUE" : "write \(values.map { "\(spelling)=\($0)" }.joined(separator: " or "))"
  }

  /// The name with its dashes.
  var spelling: String { longNames.isEmpty ? "-\(name)" : "--\(name)" }

  /// The words that set the flag, for the argument parser.
  func words(for values: [String]) -> [String] {
    switch kind {
    case .boolean(_, let inverse):
      if values.last == "true" { return [spelling] }
      return inverse.map { ["--\($0)"] } ?? []
    case .single: return values.suffix(1).flatMap { words(for: $0) }
    case .list: return values.flatMap { words(for: $0) }
    }
  }

  /// The argument parser takes an empty value as a word only, and a word with a dash behind an equals sign only.
  private func words(for value: String) -> [String] {
    value.isEmpty ? [spelling, ""] : ["\(spelling)=\(value)"]
  }
}

/// The flags that a command line names, each by its declared name, with their values.
struct GivenFlags: Sendable, Equatable {
  var values: OrderedDictionary<String, [String]> = [:]
  /// Words that are no flags.
  var operands: [String] = []

  init(_ values: OrderedDictionary<String, [String]> = [:]) { self.values = values }

  /// Whether a flag is named, with whatever value.
  func names(_ name: String) -> Bool { values[name] != nil }

  /// The words that set these flags, for the argument parser; flags that a command does not declare are left out.
  func words(for declared: DeclaredFlags) -> [String] {
    values.flatMap { name, values in declared.flag(named: name)?.words(for: values) ?? [] }
  }

  /// Keeps only the flags that are declared.
  func declared(by flags: DeclaredFlags) -> GivenFlags {
    GivenFlags(values.filter { flags.flag(named: $0.key) != nil })
  }

  /// All but some.
  func without(_ names: Set<String>) -> GivenFlags { GivenFlags(values.filter { !names.contains($0.key) }) }

  /// These flags, and others where these say nothing.
  func over(_ others: GivenFlags) -> GivenFlags { GivenFlags(others.values.merging(values) { _, own in own }) }
}
