import Glibc
import Support

/// The world that the configuration of a connection is read from; tests give their own.
public struct ConfigurationSources: Sendable {
  /// The value of an environment variable, nil when unset.
  public var environment: @Sendable (String) -> String?
  /// The bytes of a file, nil when there is no such file.
  ///
  /// - Throws: `ProgramError` when it exists and cannot be read.
  public var readBytes: @Sendable (String) throws(ProgramError) -> [UInt8]?
  /// Whether stdin is a terminal, which a credential plugin may ask for a password.
  public var hasTerminal: @Sendable () -> Bool
  /// The time of the wall clock, which decides whether credentials have expired.
  public var now: @Sendable () -> Timestamp

  public init(
    environment: @escaping @Sendable (String) -> String?,
    readBytes: @escaping @Sendable (String) throws(ProgramError) -> [UInt8]?,
    hasTerminal: @escaping @Sendable () -> Bool = { false },
    now: @escaping @Sendable () -> Timestamp = { .now() }
  ) {
    self.environment = environment
    self.readBytes = readBytes
    self.hasTerminal = hasTerminal
    self.now = now
  }

  /// This process, its environment and its files.
  public static var process: ConfigurationSources {
    ConfigurationSources(
      environment: HostFacts.current.environment,
      readBytes: { path throws(ProgramError) in try TextFile.readBytesIfPresent(path, limit: Self.sizeLimit) },
      hasTerminal: { isatty(STDIN_FILENO) == 1 })
  }

  /// The largest kubeconfig or bundle of certificates in bytes: tools write some of megabytes, and a device that never
  /// ends must not fill the memory.
  static let sizeLimit = 256 << 20

  /// The text of a file, nil when there is no such file.
  ///
  /// - Throws: `ProgramError` when it exists and cannot be read or is no text.
  func readFile(_ path: String) throws(ProgramError) -> String? {
    guard let bytes = try readBytes(path) else { return nil }
    return try TextFile.text(of: bytes, path)
  }

  /// The value of an environment variable; an empty one counts as unset.
  func nonEmpty(_ name: String) -> String? {
    guard let value = environment(name), !value.isEmpty else { return nil }
    return value
  }
}
