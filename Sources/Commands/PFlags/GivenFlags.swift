import OrderedCollections

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

  /// Only flags that are declared somewhere.
  func declared(by flags: DeclaredFlags) -> GivenFlags {
    GivenFlags(values.filter { flags.flag(named: $0.key) != nil })
  }

  /// All but some.
  func without(_ names: Set<String>) -> GivenFlags { GivenFlags(values.filter { !names.contains($0.key) }) }

  /// These flags, and others where these say nothing.
  func over(_ others: GivenFlags) -> GivenFlags { GivenFlags(others.values.merging(values) { _, own in own }) }
}
