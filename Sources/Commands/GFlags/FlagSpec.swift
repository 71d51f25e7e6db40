/// One flag of the daemon: what the original accepts under this name, and what happens to it here.
public struct FlagSpec: Sendable {
  /// The type of the value.
  public enum Kind: Sendable, Equatable {
    /// `--x`, `--nox`, `--x=false`.
    case boolean(default: Bool)
    /// A whole number, decimal or with a leading `0x`.
    case integer
    /// A floating point number.
    case number
    /// Any text.
    case text
    /// One of a few words.
    case choice([String])
  }

  /// The treatment of the flag.
  public enum Status: Sendable, Equatable {
    /// Handed to the argument parser.
    case supported
    /// Accepted, and without effect for good; the reason completes `--x has no effect: …`.
    case withoutEffect(String)
    /// Accepted, and ignored for now; the reason completes `--x is ignored: …`.
    case notYet(String)
  }

  /// The name with underscores and without dashes.
  public let name: String
  /// The type of the value.
  public let kind: Kind
  /// The treatment of the flag.
  public let status: Status
  /// For a flag without effect, the value that asks for what happens anyway and so needs no warning.
  let settled: String?

  init(_ name: String, _ kind: Kind, _ status: Status = .supported, settled: String? = nil) {
    self.name = name
    self.kind = kind
    self.status = status
    self.settled = settled
  }

  var isBoolean: Bool {
    if case .boolean = kind { true } else { false }
  }

  /// The line to log when the flag is set to a value, nil when there is nothing to tell.
  func warning(for value: String) -> String? {
    if value == settled { return nil }
    return switch status {
    case .supported: nil
    case .withoutEffect(let reason): "--\(name) has no effect: \(reason)"
    case .notYet(let reason): "--\(name) is ignored: \(reason)"
    }
  }

  /// The flag as the argument parser declares it, nil when the value is the default.
  func argument(for value: String) -> String? {
    switch kind {
    case .boolean(let standard):
      if value == String(standard) { return nil }
      return value == "true" ? "--\(name)" : "--no-\(name)"
    case .text where value.isEmpty: return nil
    case .text, .choice, .integer, .number: return "--\(name)=\(value)"
    }
  }
}
