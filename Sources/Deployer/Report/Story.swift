import Support

/// Tells a person on stderr what a command does, line by line, with one sign for each sort of news.
public struct Story: Sendable {
  /// What a line is about.
  public enum Sign: String, Sendable {
    case action = "►"
    case change = "✚"
    case wait = "◎"
    case done = "✔"
    case warning = "⚠"
    case failure = "✗"
  }

  private let write: @Sendable (String) -> Void
  /// Characters in a row of the terminal, on which lines can be replaced; nil without a terminal.
  private let columns: @Sendable () -> Int?

  /// A story that goes through `write`, whole lines with their line breaks.
  ///
  /// - Parameter columns: the width of the terminal now, nil when it is none.
  public init(
    columns: @escaping @Sendable () -> Int? = { nil }, write: @escaping @Sendable (String) -> Void
  ) {
    self.columns = columns
    self.write = write
  }

  /// Whether lines that were written can be replaced.
  var isTerminal: Bool { columns() != nil }

  /// A line cut to one row: one that wraps would take two, and the next redraw would start too low.
  func fitted(_ line: String) -> String {
    guard let columns = columns() else { return line }
    return String(line.prefix(max(1, columns - 1)))
  }

  /// Writes one line.
  public func tell(_ sign: Sign, _ text: String) { write("\(sign.rawValue) \(text.onOneLine)\n") }

  /// Writes text as it is, for the block that is redrawn on a terminal.
  func draw(_ text: String) { write(text) }
}
