import Documents

/// One flag of a command, as it is declared for the argument parser.
struct DeclaredFlag: Equatable {
  /// What the flag takes.
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

  /// How to give it a value.
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
