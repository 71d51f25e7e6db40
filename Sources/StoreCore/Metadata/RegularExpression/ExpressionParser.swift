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

  /// A group after its opening parenthesis. Captures are not kept.
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

extension ExpressionParser {
  /// The last item of a bracket expression, as far as it matters to a dash.
  private enum Last {
    case none
    /// May start a range.
    case scalar(UInt32)
    case set
  }

  /// A bracket expression after its opening bracket. `[]` is empty and `[^]` matches everything.
  mutating func bracketExpression() throws(InvalidExpression) -> ScalarSet {
    let isNegated = takes("^")
    var ranges: [ClosedRange<UInt32>] = []
    var last = Last.none
    while !takes("]") {
      if takes("-") {
        last = try dash(after: last, into: &ranges)
        continue
      }
      switch try bracketElement() {
      case .scalar(let value):
        ranges.append(value...value)
        last = .scalar(value)
      case .set(let set):
        ranges += set.ranges
        last = .set
      }
    }
    let set = ScalarSet(ranges)
    return isNegated ? set.inverted : set
  }

  /// A dash between two scalars makes a range, after a class it is an error, and elsewhere it is itself.
  private mutating func dash(
    after last: Last, into ranges: inout [ClosedRange<UInt32>]
  ) throws(InvalidExpression) -> Last {
    let dash: UInt32 = 0x2d
    switch last {
    case .scalar(let low) where peek() != "]":
      guard case .scalar(let high) = try bracketElement(), low <= high else { throw InvalidExpression() }
      ranges.append(low...high)
      return .none
    case .set where peek() != "]": throw InvalidExpression()
    case .none, .scalar, .set:
      ranges.append(dash...dash)
      return .scalar(dash)
    }
  }

  /// A scalar, an escape or a named class. Collating symbols and equivalence classes are not supported.
  private mutating func bracketElement() throws(InvalidExpression) -> Escape {
    let scalar = try take()
    switch scalar {
    case "\\" where takes("b"): return .scalar(0x08)
    case "\\" where takes("B"): throw InvalidExpression()
    case "\\": return try escape()
    case "[" where takes(":"): return .set(try namedClass())
    case "[" where peek() == "." || peek() == "=": throw InvalidExpression()
    default: return .scalar(scalar.value)
    }
  }

  /// A class such as `[:alpha:]` after its colon.
  private mutating func namedClass() throws(InvalidExpression) -> ScalarSet {
    var name = ""
    while !takes(":") { name.unicodeScalars.append(try take()) }
    guard takes("]"), let set = ScalarSet(named: name) else { throw InvalidExpression() }
    return set
  }
}

/// Meaning of a backslash and the scalars after it.
enum Escape {
  case scalar(UInt32)
  case set(ScalarSet)
}

extension ExpressionParser {
  /// An escape after its backslash, in brackets and outside. The word boundaries mean other things in the two places
  /// and are the callers' business.
  mutating func escape() throws(InvalidExpression) -> Escape {
    let scalar = try take()
    switch scalar {
    case "d": return .set(.digit)
    case "D": return .set(ScalarSet.digit.inverted)
    case "s": return .set(.space)
    case "S": return .set(ScalarSet.space.inverted)
    case "w": return .set(.word)
    case "W": return .set(ScalarSet.word.inverted)
    case "0": return .scalar(0x00)
    case "t": return .scalar(0x09)
    case "n": return .scalar(0x0a)
    case "v": return .scalar(0x0b)
    case "f": return .scalar(0x0c)
    case "r": return .scalar(0x0d)
    case "x": return .scalar(try hexadecimal(2))
    case "u": return .scalar(try hexadecimal(4))
    case "c": return .scalar(try control())
    case "1"..."9": throw InvalidExpression()
    default: return .scalar(scalar.value)
    }
  }

  /// The value of exactly so many hexadecimal digits. A surrogate is in no text and matches nothing.
  private mutating func hexadecimal(_ digits: Int) throws(InvalidExpression) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      let scalar = try take()
      guard scalar.isASCII, let digit = Character(scalar).hexDigitValue else { throw InvalidExpression() }
      value = value * 16 + UInt32(digit)
    }
    return value
  }

  /// The control character of a letter.
  private mutating func control() throws(InvalidExpression) -> UInt32 {
    let letter = try take()
    guard letter.isASCII, letter.properties.isAlphabetic else { throw InvalidExpression() }
    return letter.value % 32
  }
}
