/// What a JSON value is.
public enum JSONKind: UInt8, Sendable {
  case string, number, object, array, boolean, null
}

/// Where a validated JSON value stands in its message: byte offsets, the quotes of a string included.
public struct JSONSpan: Sendable {
  public let kind: JSONKind
  /// Whether a string contains backslash escapes, so that its text isn't its bytes.
  public let hasEscapes: Bool
  public let start: Int
  public let end: Int

  public var count: Int { end - start }
}

/// Why a text is not JSON, and the byte offset where it was noticed.
public struct JSONError: Error, Equatable, Sendable {
  public let reason: StaticString
  public let offset: Int

  public init(reason: StaticString, offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  public static func == (left: JSONError, right: JSONError) -> Bool {
    left.offset == right.offset && left.reason.description == right.reason.description
  }
}

/// Walks over JSON text (RFC 8259, UTF-8) and validates it without allocating.
///
/// Values come out as spans of the input. Nesting deeper than ``maximumDepth`` is refused, so that hostile input
/// cannot exhaust the stack.
public struct JSONScanner {
  public static let maximumDepth = 200

  public let bytes: UnsafeRawBufferPointer
  public private(set) var position: Int
  private var depth = 0

  public init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  @inline(__always)
  func failure(_ reason: StaticString) -> JSONError { JSONError(reason: reason, offset: position) }

  @inline(__always)
  private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

  @inline(__always)
  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  /// Skips white space and demands the end of the input.
  public mutating func finish() throws(JSONError) {
    skipSpace()
    if position != bytes.count { throw failure("trailing characters") }
  }

  /// Scans one object and calls `visit` with the spans of each key (a string) and value.
  public mutating func scanObject(
    _ visit: (_ key: JSONSpan, _ value: JSONSpan) throws(JSONError) -> Void
  ) throws(JSONError) {
    skipSpace()
    guard current == UInt8(ascii: "{") else { throw failure("an object is expected") }
    position += 1
    try descend()
    skipSpace()
    if current == UInt8(ascii: "}") {
      position += 1
      depth -= 1
      return
    }
    while true {
      skipSpace()
      let key = try scanString()
      skipSpace()
      guard current == UInt8(ascii: ":") else { throw failure("':' is expected") }
      position += 1
      try visit(key, try scanValue())
      skipSpace()
      switch current {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "}"):
        position += 1
        depth -= 1
        return
      default: throw failure("',' or '}' is expected")
      }
    }
  }

  /// Scans one array and calls `visit` with the span of each element.
  public mutating func scanArray(_ visit: (JSONSpan) throws(JSONError) -> Void) throws(JSONError) {
    skipSpace()
    guard current == UInt8(ascii: "[") else { throw failure("an array is expected") }
    position += 1
    try descend()
    skipSpace()
    if current == UInt8(ascii: "]") {
      position += 1
      depth -= 1
      return
    }
    while true {
      try visit(try scanValue())
      skipSpace()
      switch current {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        depth -= 1
        return
      default: throw failure("',' or ']' is expected")
      }
    }
  }

  /// Scans one value of any kind.
  public mutating func scanValue() throws(JSONError) -> JSONSpan {
    skipSpace()
    let start = position
    switch current {
    case UInt8(ascii: "\""): return try scanString()
    case UInt8(ascii: "{"):
      try scanObject { _, _ in }
      return span(.object, from: start)
    case UInt8(ascii: "["):
      try scanArray { _ in }
      return span(.array, from: start)
    case UInt8(ascii: "t"):
      try scanLiteral("true")
      return span(.boolean, from: start)
    case UInt8(ascii: "f"):
      try scanLiteral("false")
      return span(.boolean, from: start)
    case UInt8(ascii: "n"):
      try scanLiteral("null")
      return span(.null, from: start)
    default:
      try scanNumber()
      return span(.number, from: start)
    }
  }

  private func span(_ kind: JSONKind, from start: Int) -> JSONSpan {
    JSONSpan(kind: kind, hasEscapes: false, start: start, end: position)
  }

  private mutating func descend() throws(JSONError) {
    depth += 1
    if depth > Self.maximumDepth { throw failure("nested too deeply") }
  }

  private mutating func scanLiteral(_ literal: StaticString) throws(JSONError) {
    let length = literal.utf8CodeUnitCount
    guard position + length <= bytes.count else { throw failure("a value is expected") }
    for index in 0..<length where bytes[position + index] != literal.utf8Start[index] {
      throw failure("a value is expected")
    }
    position += length
  }

  private mutating func scanNumber() throws(JSONError) {
    if current == UInt8(ascii: "-") { position += 1 }
    if current == UInt8(ascii: "0") {
      position += 1
    } else {
      try scanDigits()
    }
    if current == UInt8(ascii: ".") {
      position += 1
      try scanDigits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try scanDigits()
    }
  }

  private mutating func scanDigits() throws(JSONError) {
    let start = position
    while position < bytes.count, bytes[position] &- 0x30 <= 9 { position += 1 }
    if position == start { throw failure("a value is expected") }
  }

  private mutating func scanString() throws(JSONError) -> JSONSpan {
    guard current == UInt8(ascii: "\"") else { throw failure("a string is expected") }
    let start = position
    position += 1
    var hasEscapes = false
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return JSONSpan(kind: .string, hasEscapes: hasEscapes, start: start, end: position)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try scanEscape()
      case 0..<0x20: throw failure("a control character must be escaped")
      case 0x20..<0x80: position += 1
      default: try scanMultibyte(byte)
      }
    }
    throw failure("the string does not end")
  }

  private mutating func scanEscape() throws(JSONError) {
    position += 1
    switch current {
    case 0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74: position += 1
    case UInt8(ascii: "u"):
      let unit = try scanCodeUnit()
      if unit & 0xfc00 == 0xdc00 { throw failure("a lone surrogate") }
      if unit & 0xfc00 == 0xd800 {
        guard current == UInt8(ascii: "\\"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "u")
        else { throw failure("a lone surrogate") }
        position += 1
        if try scanCodeUnit() & 0xfc00 != 0xdc00 { throw failure("a lone surrogate") }
      }
    default: throw failure("an unknown escape")
    }
  }

  /// Scans `uXXXX`.
  private mutating func scanCodeUnit() throws(JSONError) -> UInt16 {
    guard position + 5 <= bytes.count else { throw failure("an unknown escape") }
    var unit: UInt16 = 0
    for index in 1...4 {
      guard let nibble = HexText.nibble(bytes[position + index]) else { throw failure("an unknown escape") }
      unit = unit << 4 | UInt16(nibble)
    }
    position += 5
    return unit
  }

  /// Scans one character of two to four bytes (Unicode standard, table 3-7).
  private mutating func scanMultibyte(_ first: UInt8) throws(JSONError) {
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xbf
    switch first {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, low) = (3, 0xa0)
    case 0xed: (length, high) = (3, 0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, low) = (4, 0x90)
    case 0xf4: (length, high) = (4, 0x8f)
    case 0xf1...0xf3: length = 4
    default: throw failure("invalid UTF-8")
    }
    guard position + length <= bytes.count else { throw failure("invalid UTF-8") }
    for index in 1..<length {
      let byte = bytes[position + index]
      guard byte >= low, byte <= high else { throw failure("invalid UTF-8") }
      (low, high) = (0x80, 0xbf)
    }
    position += length
  }
}
