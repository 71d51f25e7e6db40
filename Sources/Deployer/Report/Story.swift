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
  /// Whether lines that were written can be replaced.
  let isTerminal: Bool

  /// A story that goes through `write`, whole lines with their line breaks.
  public init(isTerminal: Bool = false, write: @escaping @Sendable (String) -> Void) {
    self.isTerminal = isTerminal
    self.write = write
  }

  /// Writes one line.
  public func tell(_ sign: Sign, _ text: String) { write("\(sign.rawValue) \(text.onOneLine)\n") }

  /// Writes text as it is, for the block that is redrawn on a terminal.
  func draw(_ text: String) { write(text) }
}
