import Support

/// The sign in front of a line for people, one for each sort of news; there are no others in the whole program.
public enum Symbol: String, Sendable {
  case action = "►"
  case change = "✚"
  case wait = "◎"
  case done = "✔"
  case warning = "⚠"
  case failure = "✗"

  private var colour: Palette.Colour {
    switch self {
    case .done, .change: .green
    case .warning: .yellow
    case .failure: .red
    case .action, .wait: .cyan
    }
  }

  /// The sign as it is written.
  public func text(_ palette: Palette = .plain) -> String { palette.paint(rawValue, colour) }
}
