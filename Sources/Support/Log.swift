import Logging

/// Writes one line per event; safe from any thread because a line is handed over in one piece.
///
/// A line looks like `2026-11-23T15:04:05.123Z INFO  text`, in UTC.
public struct LineLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  private let now: @Sendable () -> Timestamp
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - now: tells the time of an event.
  ///   - write: takes a whole line with its line break.
  init(level: Logger.Level, now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable (String) -> Void) {
    logLevel = level
    self.now = now
    self.write = write
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    write(Self.line(event.level, event.message.description + details(event), at: now()))
  }

  /// The metadata of an event behind its text, ` key=value` each; ours have none.
  private func details(_ event: LogEvent) -> String {
    guard !metadata.isEmpty || event.metadata?.isEmpty == false else { return "" }
    let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
    return all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
  }

  /// An event as it is written, with its line break.
  static func line(_ level: Logger.Level, _ text: String, at time: Timestamp) -> String {
    "\(time.description) \(label(level)) \(text.onOneLine)\n"
  }

  /// The name of a level in a line, padded to five characters.
  private static func label(_ level: Logger.Level) -> String {
    switch level {
    case .trace: "TRACE"
    case .debug: "DEBUG"
    case .info, .notice: "INFO "
    case .warning: "WARN "
    case .error, .critical: "ERROR"
    }
  }
}

extension Logger {
  /// The log of this program: events from `minimum` on, one line each. The texts of others are never built.
  ///
  /// - Parameters:
  ///   - now: tells the time of an event.
  ///   - write: takes a whole line with its line break; by default one `write(2)` to stderr.
  public init(
    minimum: Level = .info,
    now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
    write: @escaping @Sendable (String) -> Void = { StandardStream.error.write($0) }
  ) {
    self.init(label: "vineyardctl") { _ in LineLogHandler(level: minimum, now: now, write: write) }
  }

  /// The same log with another threshold.
  public func with(minimum: Level) -> Logger {
    var log = self
    log.logLevel = minimum
    return log
  }

  /// Whether debug events are written.
  public var isVerbose: Bool { logLevel <= .debug }
}
