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
