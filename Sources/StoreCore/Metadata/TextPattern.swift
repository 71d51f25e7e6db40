/// Pattern against which listings match type names and names.
public enum TextPattern {
  case wildcard(String)
  /// The whole text must match; an expression that isn't valid matches nothing.
  case regularExpression(String)

  /// A function that begins to match a text.
  func matcher() -> (String) -> TextMatch {
    switch self {
    case .wildcard(let text):
      if text == "*" { return { _ in .decided(true) } }
      let pattern = WildcardPattern(text)
      return { .wildcard(pattern.match(of: $0)) }
    case .regularExpression(let text):
      guard let expression = RegularExpression(text) else { return { _ in .decided(false) } }
      return { .expression(expression.match(of: $0)) }
    }
  }

  /// The text of the pattern, whatever its kind.
  var text: String {
    switch self {
    case .wildcard(let text), .regularExpression(let text): text
    }
  }
}

/// One text on its way through a pattern.
enum TextMatch {
  case decided(Bool)
  case wildcard(WildcardMatch)
  case expression(Simulation)

  /// Goes on matching.
  ///
  /// - Parameter steps: how many may be taken; what is left of them is written back.
  /// - Returns: whether the text matches, nil when the steps are used up first.
  mutating func advance(steps: inout Int) -> Bool? {
    switch self {
    case .decided(let isMatch): return isMatch
    case .wildcard(var match):
      // Taken out, so that nothing is copied when it changes.
      self = .decided(false)
      defer { self = .wildcard(match) }
      return match.advance(steps: &steps)
    case .expression(var simulation):
      self = .decided(false)
      defer { self = .expression(simulation) }
      return simulation.advance(steps: &steps)
    }
  }
}
