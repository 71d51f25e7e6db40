import Glibc
import Support

/// The world that the configuration of a connection is read from; tests give their own.
public struct ConfigurationSources: Sendable {
  /// The value of an environment variable, nil when unset.
  public var environment: @Sendable (String) -> String?
  /// The text of a file, nil when there is no such file.
  ///
  /// - Throws: `CommandError` when it exists and cannot be read.
  public var readFile: @Sendable (String) throws(CommandError) -> String?
  /// Whether stdin is a terminal, which a credential plugin may ask for a password.
  public var hasTerminal: @Sendable () -> Bool
  /// The time of the wall clock, which decides whether credentials have expired.
  public var now: @Sendable () -> Timestamp

  public init(
    environment: @escaping @Sendable (String) -> String?,
    readFile: @escaping @Sendable (String) throws(CommandError) -> String?,
    hasTerminal: @escaping @Sendable () -> Bool = { false },
    now: @escaping @Sendable () -> Timestamp = { .now() }
  ) {
    self.environment = environment
    self.readFile = readFile
    self.hasTerminal = hasTerminal
    self.now = now
  }

  /// This process, its environment and its files.
  public static var process: ConfigurationSources {
    ConfigurationSources(
      environment: HostFacts.current.environment,
      readFile: { path throws(CommandError) in try TextFile.readIfPresent(path) },
      hasTerminal: { isatty(STDIN_FILENO) == 1 })
  }

  /// The value of an environment variable; an empty one counts as unset.
  func nonEmpty(_ name: String) -> String? {
    guard let value = environment(name), !value.isEmpty else { return nil }
    return value
  }
}
