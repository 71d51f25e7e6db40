/// What listings match type names and names against.
public enum TextPattern {
  case wildcard(String)
  /// The whole text must match; a text that isn't a regular expression matches nothing.
  case regularExpression(String)

  /// A function that tells whether a text matches.
  func matcher() -> (String) -> Bool {
    switch self {
    case .wildcard(let text):
      if text == "*" { return { _ in true } }
      let pattern = WildcardPattern(text)
      return { pattern.matches($0) }
    case .regularExpression(let text):
      guard let expression = try? Regex(text) else { return { _ in false } }
      return { (try? expression.wholeMatch(in: $0)) != nil }
    }
  }

  /// The text of the pattern, whatever its kind.
  var text: String {
    switch self {
    case .wildcard(let text), .regularExpression(let text): text
    }
  }
}
