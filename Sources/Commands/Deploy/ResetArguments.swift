import ArgumentParser
import Support

/// The flag that lets what was set before go.
struct ResetArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Go back to the default of a flag of an earlier deployment; repeatable, 'all' for every flag.",
      valueName: "flag"))
  var reset: [String] = []

  init() {}

  /// Names as if they had been given, for commands without the flag.
  init(_ names: [String]) { reset = names }

  /// The declared names of the flags.
  ///
  /// - Throws: `CommandError` with code `usage` for what is no such flag, or is given a value as well.
  func names(of declared: DeclaredFlags, given: GivenFlags) throws -> Set<String> {
    var names: Set<String> = []
    for word in reset {
      let text = String(word.drop { $0 == "-" })
      if text == "all" {
        names.formUnion(declared.flags.map(\.name).filter { !given.names($0) })
        continue
      }
      guard let flag = declared.flag(named: text) else {
        let guess = nearest(to: text, in: declared.flags.map(\.name))
        throw CommandError(
          .usage, "--reset \(word): there is no such flag",
          hint: guess.map { "did you mean \($0)?" } ?? "write --reset vineyardd.size, for instance")
      }
      guard !given.names(flag.name) else {
        throw CommandError(.usage, "--reset \(word): --\(flag.name) is given, too", hint: "give one of them")
      }
      names.insert(flag.name)
    }
    return names
  }
}
