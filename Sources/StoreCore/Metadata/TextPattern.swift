/// What listings match type names and names against.
public enum TextPattern {
  case wildcard(String)
  /// The whole text must match; an expression that isn't valid matches nothing.
  case regularExpression(String)

  /// A function that tells whether a text matches. It takes the steps it needs from a number, and gives up at 0.
  func matcher() -> (String, inout Int) -> Bool {
    switch self {
    case .wildcard(let text):
      if text == "*" { return { _, _ in true } }
      let pattern = WildcardPattern(text)
      return { pattern.matches($0, steps: &$1) }
    case .regularExpression(let text):
      guard let expression = RegularExpression(text) else { return { _, _ in false } }
      return { expression.matches($0, steps: &$1) }
    }
  }

  /// The text of the pattern, whatever its kind.
  var text: String {
    switch self {
    case .wildcard(let text), .regularExpression(let text): text
    }
  }
}
