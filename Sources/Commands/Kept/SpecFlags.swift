import Documents
import Manifests

/// Fields of a custom resource that each flag sets, so that a deployment touches only those that are named.
struct SpecFlags: Sendable {
  /// Paths below `spec`, with dots, by the name of the flag; flags that set no field have none.
  let paths: [String: [String]]
  /// The values of flags for values of fields, by the paths of the fields.
  private let values: [[String]: @Sendable (Value) -> FlagValue?]

  /// The flags of a table.
  ///
  /// - Parameter others: names of flags that set no field.
  init<Settings>(_ table: Settings.Type, others: [String]) where Settings: FieldTable {
    var paths: [String: [String]] = [:]
    for name in others { paths[name] = [] }
    for field in table.fields {
      for name in field.flagNames { paths[name, default: []].append(field.path.joined(separator: ".")) }
    }
    self.paths = paths
    values = Dictionary(uniqueKeysWithValues: table.fields.map { ($0.path, $0.flagValue(of:)) })
  }

  /// The fields that some flags set.
  func fields(of flags: some Sequence<String>) -> [[String]] {
    flags.reduce(into: []) { fields, flag in
      for path in paths[flag] ?? [] { fields.append(path.split(separator: ".").map(String.init)) }
    }
  }

  /// The value of the flag that sets a field to a value; nil where the flag cannot say it.
  func value(_ value: Value, of field: [String]) -> FlagValue? { values[field]?(value) }

  /// Whether there are flags for parts of a field.
  func setFields(below field: [String]) -> Bool {
    let prefix = field.joined(separator: ".") + "."
    return paths.values.contains { $0.contains { $0.hasPrefix(prefix) } }
  }

  /// The flag that sets a field, as people write it; nil for a field without a flag.
  func flag(for field: [String]) -> String? {
    let path = field.joined(separator: ".")
    // Of two flags for one field the longer name says more: vineyardd.image, not image.
    return paths.filter { $0.value.contains(path) }.keys.max { ($0.count, $0) < ($1.count, $1) }
  }
}

extension SpecFlags {
  static let vineyardd = SpecFlags(VineyarddSpec.self, others: ["name", "file"])
  static let csiDriver = SpecFlags(CSIDriverSpec.self, others: ["name"])
}
