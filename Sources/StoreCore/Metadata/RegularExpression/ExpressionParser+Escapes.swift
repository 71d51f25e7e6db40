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
