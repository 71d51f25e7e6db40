import ArgumentParser
import Manifests

/// One flag of the daemon: the values that the original accepts, its help, and the option that it sets.
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
  /// Value of a flag without effect that asks for what happens anyway, and so needs no warning.
  let settled: String?
  /// The flag for the argument parser; nil for one without effect.
  let declaration: FlagDeclaration?
  /// Puts the value into the options.
  let apply: @Sendable (DaemonFlags, inout VineyarddOptions) throws -> Void

  /// A flag of the original that does nothing here.
  init(_ name: String, _ kind: Kind, _ status: Status, settled: String? = nil) {
    self.name = name
    self.kind = kind
    self.status = status
    self.settled = settled
    declaration = nil
    apply = { _, _ in }
  }

  private init(
    _ kind: Kind, _ declaration: FlagDeclaration,
    _ apply: @escaping @Sendable (DaemonFlags, inout VineyarddOptions) throws -> Void
  ) {
    name = declaration.name
    self.kind = kind
    status = .supported
    settled = nil
    self.declaration = declaration
    self.apply = apply
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

/// Flags with effect.
extension FlagSpec {
  /// A switch.
  ///
  /// - Parameters:
  ///   - inversion: the form that the help shows besides; nil for none, although every switch can be switched off.
  ///   - apply: is called whether the switch is given or not.
  static func `switch`(
    _ name: String, _ help: ArgumentHelp, isOn: Bool = false, inversion: FlagInversion? = nil,
    _ apply: @escaping @Sendable (Bool, DaemonFlags, inout VineyarddOptions) throws -> Void = { _, _, _ in }
  ) -> FlagSpec {
    let declaration = FlagDeclaration(switch: .customLong(name), name, help, isOn: isOn, inversion: inversion)
    return FlagSpec(.boolean(default: isOn), declaration) { flags, options in
      try apply(flags.isOn(name), flags, &options)
    }
  }

  /// A flag with a value that has a default.
  static func option<Content: ExpressibleByArgument & Sendable>(
    _ name: String, _ valueName: String, _ help: String, default standard: Content, kind: Kind = .text,
    _ apply: @escaping @Sendable (Content, DaemonFlags, inout VineyarddOptions) throws -> Void = { _, _, _ in }
  ) -> FlagSpec {
    let help = ArgumentHelp(.init(stringLiteral: help), valueName: valueName)
    let declaration = FlagDeclaration(option: .customLong(name), name, help, standard: standard)
    return FlagSpec(kind, declaration) { flags, options in
      try apply(flags.value(name) ?? standard, flags, &options)
    }
  }

  /// A flag with a value, without a default.
  static func optional<Content: ExpressibleByArgument & Sendable>(
    _ name: String, _ help: ArgumentHelp, completion: CompletionKind? = nil,
    _ apply: @escaping @Sendable (Content?, DaemonFlags, inout VineyarddOptions) throws -> Void = {
      (_: Content?, _, _) in
    }
  ) -> FlagSpec {
    let declaration = FlagDeclaration(
      option: .customLong(name), name, help, standard: Content?.none, completion: completion)
    return FlagSpec(.text, declaration) { flags, options in try apply(flags.value(name), flags, &options) }
  }
}
