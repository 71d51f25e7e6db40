/// Writes one line per event; safe from any thread because a line is handed over in one piece.
///
/// A line looks like `2026-11-23T15:04:05.123Z INFO  text`, in UTC.
public struct Log: Sendable {
  /// Importance of an event, least first.
  public enum Level: Int, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    /// The name in a line, padded to five characters.
    var label: String {
      switch self {
      case .debug: "DEBUG"
      case .info: "INFO "
      case .warning: "WARN "
      case .error: "ERROR"
      }
    }
  }

  /// Events below this level are dropped, and their texts never built.
  public let minimum: Level
  private let now: @Sendable () -> Timestamp
  private let write: @Sendable (String) -> Void
  private let dropped: @Sendable () -> UInt64

  /// A log of events from `minimum` on.
  ///
  /// - Parameters:
  ///   - now: tells the time of an event.
  ///   - write: takes a whole line with its line break; by default one `write(2)` to stderr.
  public init(
    minimum: Level = .info,
    now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
    write: @escaping @Sendable (String) -> Void = { StandardStream.error.write($0) }
  ) {
    self.init(minimum: minimum, now: now, write: write, dropped: { 0 })
  }

  private init(
    minimum: Level, now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable (String) -> Void,
    dropped: @escaping @Sendable () -> UInt64
  ) {
    self.minimum = minimum
    self.now = now
    self.write = write
    self.dropped = dropped
  }

  /// The same log with another threshold.
  public func with(minimum: Level) -> Log { Log(minimum: minimum, now: now, write: write, dropped: dropped) }

  /// The same log on a way that never makes whoever logs wait.
  public func with(sink: LogSink) -> Log {
    Log(minimum: minimum, now: now, write: { sink.write($0) }, dropped: { sink.dropped })
  }

  /// Lines that nobody will ever read because there was no room for them.
  public var droppedLines: UInt64 { dropped() }

  /// Whether debug events are written.
  public var isVerbose: Bool { minimum == .debug }

  /// An event only a developer wants to see; costs nothing unless verbose.
  public func debug(_ text: @autoclosure () -> String) { log(.debug, text()) }

  /// An event of normal operation.
  public func info(_ text: @autoclosure () -> String) { log(.info, text()) }

  /// Something is not as asked, and the program goes on.
  public func warning(_ text: @autoclosure () -> String) { log(.warning, text()) }

  /// Something failed.
  public func error(_ text: @autoclosure () -> String) { log(.error, text()) }

  /// Writes one event at a level known only at run time.
  public func log(_ level: Level, _ text: @autoclosure () -> String) {
    guard level >= minimum else { return }
    write(Self.line(level, text(), at: now()))
  }

  /// An event as it is written, with its line break.
  static func line(_ level: Level, _ text: String, at time: Timestamp) -> String {
    "\(time.description) \(level.label) \(text.onOneLine)\n"
  }
}
