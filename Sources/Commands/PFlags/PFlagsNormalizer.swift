import Documents
import Support

/// Turns the flags of one command, in the manner of pflag (cobra), into those the argument parser reads.
///
/// It takes `--flag value`, `--flag=value`, `--wait=false`, `-n value`, `-nvalue`, `-n=value`, several letters behind
/// one dash, comma separated and JSON lists, and the last of several values.
struct PFlagsNormalizer {
  /// The command as the user calls it, for hints.
  let command: String
  let own: DeclaredFlags
  /// Flags that every command takes; those the command does not declare are checked and dropped.
  let persistent: DeclaredFlags

  /// The flags that the words name.
  private(set) var given = GivenFlags()
  private var operands: [String] = []
  private var verbatim: [String]?

  init(command: String, own: DeclaredFlags, persistent: DeclaredFlags) {
    self.command = command
    self.own = own
    self.persistent = persistent
  }

  /// Normalises the words behind the command's name.
  ///
  /// - Throws: `ProgramError` with code `usage` for an unknown flag or a wrong value.
  mutating func normalize(_ words: [String]) throws(ProgramError) -> [String] {
    var rest = words[...]
    var switched: DeclaredFlag?
    while verbatim == nil, let word = rest.popFirst() {
      if word == "--" {
        if !rest.isEmpty { operands += ["--"] + rest }
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        try requireNoValue(word, of: switched)
        operands.append(word)
        continue
      }
      switched = word.hasPrefix("--") ? try long(word, &rest) : try letters(word, &rest)
    }
    if let verbatim { return verbatim }
    given.operands = operands
    return given.words(for: own) + operands
  }

  /// Reads `--name` or `--name=value`.
  ///
  /// - Returns: the flag when it is a boolean without a value.
  private mutating func long(_ word: String, _ rest: inout ArraySlice<String>) throws(ProgramError) -> DeclaredFlag? {
    let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let value = parts.count > 1 ? String(parts[1]) : nil
    if name == "help" || name == "version" {
      verbatim = ["--\(name)"]
    } else if let flag = flag(named: name) {
      guard let value else {
        try set(flag, try self.value(of: flag, &rest))
        return flag.isBoolean ? flag : nil
      }
      try set(flag, value)
    } else if let flag = inverted(name) {
      let isOff = try boolean(value ?? "true", of: flag)
      try set(flag, isOff ? "false" : "true")
    } else {
      throw unknown(word, name: name)
    }
    return nil
  }

  /// Reads letters behind one dash: booleans, then perhaps one flag with its value.
  private mutating func letters(
    _ word: String, _ rest: inout ArraySlice<String>
  ) throws(ProgramError) -> DeclaredFlag? {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let flag = own.flag(letter: letter) ?? persistent.flag(letter: letter) else {
        throw unknown(word, name: String(word.dropFirst().prefix { $0 != "=" }))
      }
      if flag.name == "help" {
        verbatim = ["--help"]
        return nil
      }
      if letters.first == "=" {
        try set(flag, String(letters.dropFirst()))
        return nil
      }
      if flag.isBoolean {
        try set(flag, "true")
        if letters.isEmpty { return flag }
      } else {
        try set(flag, letters.isEmpty ? try value(of: flag, &rest) : String(letters))
        return nil
      }
    }
    return nil
  }

  private func flag(named name: String) -> DeclaredFlag? { own.flag(named: name) ?? persistent.flag(named: name) }

  /// The boolean that a name switches off.
  private func inverted(_ name: String) -> DeclaredFlag? {
    if let flag = own.flag(inverse: name) { return flag }
    guard name.hasPrefix("no-"), let flag = flag(named: String(name.dropFirst(3))), flag.isBoolean else { return nil }
    return flag
  }

  /// The value of a flag that has none behind an equals sign.
  private func value(of flag: DeclaredFlag, _ rest: inout ArraySlice<String>) throws(ProgramError) -> String {
    if flag.isBoolean { return "true" }
    guard let next = rest.first else {
      throw ProgramError(.usage, "\(flag.spelling) needs a value", hint: flag.valueHint)
    }
    // A value left out, as by an empty variable of a shell, must not eat the next flag.
    if next.hasPrefix("--"), self.flag(named: String(next.dropFirst(2).prefix { $0 != "=" })) != nil {
      throw ProgramError(
        .usage, "\(flag.spelling) needs a value", cause: "'\(next)' is a flag", hint: flag.valueHint)
    }
    if !flag.values.isEmpty, isShort(next) {
      throw ProgramError(
        .usage, "\(flag.spelling) needs a value", cause: "'\(next)' is a flag", hint: flag.valueHint)
    }
    rest.removeFirst()
    return next
  }

  /// Whether a word is a letter behind a dash, perhaps with a value, that is a flag.
  private func isShort(_ word: String) -> Bool {
    guard word.hasPrefix("-"), let letter = word.dropFirst().first else { return false }
    return (own.flag(letter: letter) ?? persistent.flag(letter: letter)) != nil
  }

  private mutating func set(_ flag: DeclaredFlag, _ value: String) throws(ProgramError) {
    switch flag.kind {
    case .boolean: given.values[flag.name] = [String(try boolean(value, of: flag))]
    case .single: given.values[flag.name] = [value]
    case .list: given.values[flag.name, default: []] += try ListValue.elements(of: value, flag: flag.spelling)
    }
  }

  private func boolean(_ text: String, of flag: DeclaredFlag) throws(ProgramError) -> Bool {
    if let value = Bool(flagValue: text) { return value }
    throw ProgramError(.usage, "invalid value '\(text)' for \(flag.spelling)", hint: "give true or false")
  }
}

extension PFlagsNormalizer {
  /// Refuses `--wait false`, which pflag reads as `--wait` and an argument.
  private func requireNoValue(_ word: String, of flag: DeclaredFlag?) throws(ProgramError) {
    guard let flag, !own.takesArguments, Bool(flagValue: word) != nil else { return }
    throw ProgramError(.usage, "unexpected argument '\(word)'", hint: "write \(flag.spelling)=\(word)")
  }

  private func unknown(_ word: String, name: String) -> ProgramError {
    let known = (own.flags + persistent.flags).filter(\.isVisible).flatMap(\.longNames)
    // A long name behind one dash reads as letters.
    let guess = known.contains(name) ? name : nearest(to: name, in: known)
    let hint = guess.map { "did you mean --\($0)?" } ?? "'\(command) --help' explains the flags"
    return ProgramError(.usage, "unknown flag '\(word)'", hint: hint)
  }
}
