extension ExpressionParser {
  /// An atom with the quantifiers that follow it. Lazy or not makes no difference to whole texts.
  mutating func quantified(_ atom: Fragment) throws(InvalidExpression) -> Fragment {
    var fragment = atom
    while let scalar = peek() {
      var minimum = 0
      var maximum: Int?
      switch scalar {
      case "*": break
      case "+": minimum = 1
      case "?": maximum = 1
      case "{": break
      default: return fragment
      }
      _ = try take()
      if scalar == "{" { (minimum, maximum) = try interval() }
      _ = takes("?")
      fragment = try fragment.repeated(minimum, maximum)
    }
    return fragment
  }

  /// Reads the bounds between braces: `n`, `n,` or `n,m`.
  private mutating func interval() throws(InvalidExpression) -> (minimum: Int, maximum: Int?) {
    let minimum = try count()
    var maximum: Int? = minimum
    if takes(",") { maximum = peek() == "}" ? nil : try count() }
    if !takes("}") { throw InvalidExpression() }
    if let maximum, maximum < minimum { throw InvalidExpression() }
    return (minimum, maximum)
  }

  /// A decimal number.
  private mutating func count() throws(InvalidExpression) -> Int {
    var digits = ""
    while let scalar = peek(), ScalarSet.digit.contains(scalar.value) {
      digits.unicodeScalars.append(try take())
    }
    guard let count = Int(digits) else { throw InvalidExpression() }
    return count
  }
}
