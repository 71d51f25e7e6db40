import Support

/// Tells a person on stderr what a command does, line by line, with one sign for each sort of news.
public struct Story: Sendable {
  /// The colours of the terminal.
  let palette: Palette
  private let start = ContinuousClock.now
  private let write: @Sendable (String) -> Void
  /// Characters in a row of the terminal, on which lines can be replaced; nil without a terminal.
  private let columns: @Sendable () -> Int?

  /// A story that goes through `write`, whole lines with their line breaks.
  ///
  /// - Parameter columns: the width of the terminal now, nil when it is none.
  public init(
    columns: @escaping @Sendable () -> Int? = { nil }, palette: Palette = .plain,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.palette = palette
    self.columns = columns
    self.write = write
  }

  /// Whether lines that were written can be replaced.
  var isTerminal: Bool { columns() != nil }

  /// A line cut to one row: one that wraps would take two, and the next redraw would start too low.
  func line(_ symbol: Symbol, fitting text: String) -> String {
    let text = text.onOneLine
    // The sign, a blank, and one character that the cursor may need.
    let fitted = columns().map { String(text.prefix(max(0, $0 - 3))) } ?? text
    return "\(symbol.text(palette)) \(fitted)\n"
  }

  /// Writes one line.
  public func tell(_ symbol: Symbol, _ text: String) { write("\(symbol.text(palette)) \(text.onOneLine)\n") }

  /// Writes the last line: on a terminal with the time that all of it took, and what could be done next.
  public func finish(_ text: String, next: String? = nil) {
    guard isTerminal else { return tell(.done, text) }
    tell(.done, "\(text) (\(Self.elapsed(since: start)))")
    if let next { tell(.action, "next: \(next)") }
  }

  /// The time since an instant, in tenths of a second while it is short.
  static func elapsed(since start: ContinuousClock.Instant) -> TimeSpan {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    let tenths = seconds * 10 + attoseconds / 100_000_000_000_000_000
    return seconds < 60 ? TimeSpan(nanoseconds: tenths * 100_000_000) : .seconds(seconds)
  }

  /// Writes text as it is, for the block that is redrawn on a terminal.
  func draw(_ text: String) { write(text) }
}
