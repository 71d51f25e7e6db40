/// Reads a regular expression from left to right and compiles it on the way.
///
/// The grammar is ECMAScript's with the liberties of libstdc++, whose `std::regex` the original uses: `]` and `}`
/// stand for themselves outside of what they close, quantifiers can follow quantifiers, and an escaped scalar without
/// a meaning of its own is that scalar.
struct ExpressionParser {
  private let pattern: [Unicode.Scalar]
  private var position = 0
  private var depth = 0
  private var sets: [ScalarSet] = []

  init(_ pattern: String) { self.pattern = Array(pattern.unicodeScalars) }

  /// The program of the whole expression.
  mutating func program() throws(InvalidExpression) -> Program {
    let fragment = try disjunction()
    if peek() != nil { throw InvalidExpression() }
    return Program(instructions: fragment.instructions, sets: sets)
  }

  // MARK: - Scalars

  /// The scalar that comes next, nil at the end.
  func peek() -> Unicode.Scalar? { position < pattern.count ? pattern[position] : nil }

  /// Reads a scalar; there must be one.
  mutating func take() throws(InvalidExpression) -> Unicode.Scalar {
    guard let scalar = peek() else { throw InvalidExpression() }
    position += 1
    return scalar
  }

  /// Reads `scalar` if it comes next.
  mutating func takes(_ scalar: Unicode.Scalar) -> Bool {
    guard peek() == scalar else { return false }
    position += 1
    return true
  }

  // MARK: - Grammar

  /// Alternatives between `|`, up to a parenthesis or the end.
  private mutating func disjunction() throws(InvalidExpression) -> Fragment {
    var choices = [try alternative()]
    var size = 0
    while takes("|") {
      let choice = try alternative()
      // Now, not at the end: choices take memory while they wait.
      size += choice.instructions.count + 2
      try Fragment.require(size)
      choices.append(choice)
    }
    return try Fragment(anyOf: choices)
  }

  private mutating func alternative() throws(InvalidExpression) -> Fragment {
    var sequence = Fragment()
    while let scalar = peek(), scalar != "|", scalar != ")" { try sequence.append(term()) }
    return sequence
  }

  /// An assertion, or an atom with its quantifiers.
  private mutating func term() throws(InvalidExpression) -> Fragment {
    let scalar = try take()
    switch scalar {
    case "^": return Fragment(.assert(.start))
    case "$": return Fragment(.assert(.end))
    case "\\" where takes("b"): return Fragment(.assert(.wordBoundary))
    case "\\" where takes("B"): return Fragment(.assert(.noWordBoundary))
    case "\\":
      switch try escape() {
      case .scalar(let value): return try quantified(Fragment(.scalar(value)))
      case .set(let set): return try quantified(fragment(set))
      }
    case ".": return try quantified(fragment(.dot))
    case "[": return try quantified(fragment(bracketExpression()))
    case "(": return try quantified(group())
    case "*", "+", "?", "{": throw InvalidExpression()
    default: return try quantified(Fragment(.scalar(scalar.value)))
    }
  }

  /// A group after its opening parenthesis. What it captures, nobody asks.
  private mutating func group() throws(InvalidExpression) -> Fragment {
    depth += 1
    if depth > RegularExpression.maximumDepth { throw InvalidExpression() }
    if takes("?"), !takes(":") { throw InvalidExpression() }
    let content = try disjunction()
    if !takes(")") { throw InvalidExpression() }
    depth -= 1
    return content
  }

  private mutating func fragment(_ set: ScalarSet) -> Fragment {
    sets.append(set)
    return Fragment(.set(UInt32(sets.count - 1)))
  }
}
