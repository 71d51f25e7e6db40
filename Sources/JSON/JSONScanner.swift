/// Kind of a JSON value.
public enum JSONKind: UInt8, Sendable {
  case string, number, object, array, boolean, null
}

/// Place of a validated JSON value in its message: byte offsets, the quotes of a string included.
public struct JSONSpan: Sendable {
  public let kind: JSONKind
  /// Whether a string contains backslash escapes, so that its text isn't its bytes.
  public let hasEscapes: Bool
  public let start: Int
  public let end: Int

  public init(kind: JSONKind, hasEscapes: Bool, start: Int, end: Int) {
    self.kind = kind
    self.hasEscapes = hasEscapes
    self.start = start
    self.end = end
  }

  public var count: Int { end - start }
}

/// Reason why a text is not JSON, and the byte offset where it was noticed.
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

/// One step through JSON text.
public enum JSONToken: Sendable {
  case beginObject, endObject, beginArray, endArray
  /// The key of a field, whose value is what comes next.
  case key(JSONSpan)
  /// A string, number, boolean or null.
  case scalar(JSONSpan)
}

/// Walks over JSON text (RFC 8259, UTF-8) and validates it, token by token.
///
/// Values come out as spans of the input. Nothing recurses, so that no text can exhaust the stack, and a walk can rest
/// at any byte and go on later: long texts are read in steps. Nesting deeper than ``maximumDepth`` is refused.
public struct JSONScanner {
  public static let maximumDepth = 1024

  /// Tokens that may come next.
  private enum State {
    case value, firstElement, firstKey, key, colon, afterValue
    /// In the middle of a string that a walk rested in.
    case string(start: Int, hasEscapes: Bool, isKey: Bool)
  }

  public let bytes: UnsafeRawBufferPointer
  public private(set) var position: Int
  /// Objects and arrays around ``position``.
  public private(set) var depth = 0
  private var state = State.value
  /// Which of the innermost 64 containers are objects, the innermost in the lowest bit; those further out in ``outer``.
  private var objects: UInt64 = 0
  private var outer: [UInt64] = []

  public init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  @inline(__always)
  func failure(_ reason: StaticString) -> JSONError { JSONError(reason: reason, offset: position) }

  @inline(__always)
  private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

  /// - Returns: false when only white space was found before `limit`.
  @inline(__always)
  private mutating func skipSpace(_ limit: Int) -> Bool {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return true
      }
      if position >= limit { return false }
    }
    return true
  }

  /// Skips white space and demands the end of the input.
  ///
  /// - Throws: `JSONError` when anything follows.
  public mutating func finish() throws(JSONError) {
    _ = skipSpace(.max)
    if position != bytes.count { throw failure("trailing characters") }
  }

  // MARK: - Tokens

  /// The next token of the value that begins where the scanner was made, or of the next value behind it.
  ///
  /// - Parameter limit: the byte offset at which to rest.
  /// - Returns: nil when the walk rests; the next call goes on.
  /// - Throws: `JSONError` at the first byte that makes no JSON, or when values are nested too deeply.
  public mutating func next(before limit: Int = .max) throws(JSONError) -> JSONToken? {
    while position < limit {
      if case .string(let start, let hasEscapes, let isKey) = state {
        return try scanString(from: start, hasEscapes, isKey: isKey, limit)
      }
      guard skipSpace(limit) else { return nil }
      switch state {
      case .value: return try scanToken(limit)
      case .firstElement:
        if current == UInt8(ascii: "]") { return close(.endArray) }
        return try scanToken(limit)
      case .firstKey:
        if current == UInt8(ascii: "}") { return close(.endObject) }
        return try beginString(isKey: true, limit)
      case .key: return try beginString(isKey: true, limit)
      case .colon:
        guard current == UInt8(ascii: ":") else { throw failure("':' is expected") }
        position += 1
        state = .value
      case .afterValue:
        if depth == 0 { return try scanToken(limit) }
        if objects & 1 == 1 {
          if current == UInt8(ascii: "}") { return close(.endObject) }
          guard current == UInt8(ascii: ",") else { throw failure("',' or '}' is expected") }
          state = .key
        } else {
          if current == UInt8(ascii: "]") { return close(.endArray) }
          guard current == UInt8(ascii: ",") else { throw failure("',' or ']' is expected") }
          state = .value
        }
        position += 1
      case .string: break
      }
    }
    return nil
  }

  private mutating func scanToken(_ limit: Int) throws(JSONError) -> JSONToken? {
    let start = position
    switch current {
    case UInt8(ascii: "\""): return try beginString(isKey: false, limit)
    case UInt8(ascii: "{"):
      try open(isObject: true)
      return .beginObject
    case UInt8(ascii: "["):
      try open(isObject: false)
      return .beginArray
    case UInt8(ascii: "t"):
      try scanLiteral("true")
      return scalar(.boolean, from: start)
    case UInt8(ascii: "f"):
      try scanLiteral("false")
      return scalar(.boolean, from: start)
    case UInt8(ascii: "n"):
      try scanLiteral("null")
      return scalar(.null, from: start)
    default:
      try scanNumber()
      return scalar(.number, from: start)
    }
  }

  @inline(__always)
  private mutating func scalar(_ kind: JSONKind, from start: Int) -> JSONToken {
    state = .afterValue
    return .scalar(JSONSpan(kind: kind, hasEscapes: false, start: start, end: position))
  }

  private mutating func open(isObject: Bool) throws(JSONError) {
    position += 1
    if depth == Self.maximumDepth { throw failure("nested too deeply") }
    if depth > 0, depth % 64 == 0 { outer.append(objects) }
    objects = objects << 1 | (isObject ? 1 : 0)
    depth += 1
    state = isObject ? .firstKey : .firstElement
  }

  private mutating func close(_ token: JSONToken) -> JSONToken {
    position += 1
    depth -= 1
    objects >>= 1
    if depth > 0, depth % 64 == 0, let last = outer.popLast() { objects = last }
    state = .afterValue
    return token
  }

  // MARK: - Whole values

  /// Scans one object and calls `visit` with the spans of each key (a string) and value.
  ///
  /// - Throws: `JSONError` when no valid object follows; and the error of `visit`.
  public mutating func scanObject(
    _ visit: (_ key: JSONSpan, _ value: JSONSpan) throws(JSONError) -> Void
  ) throws(JSONError) {
    _ = skipSpace(.max)
    guard current == UInt8(ascii: "{") else { throw failure("an object is expected") }
    let outside = depth
    _ = try next()
    while case .key(let key) = try next() { try visit(key, try scanValue()) }
    assert(depth == outside)
  }

  /// Scans one array and calls `visit` with the span of each element.
  ///
  /// - Throws: `JSONError` when no valid array follows; and the error of `visit`.
  public mutating func scanArray(_ visit: (JSONSpan) throws(JSONError) -> Void) throws(JSONError) {
    _ = skipSpace(.max)
    guard current == UInt8(ascii: "[") else { throw failure("an array is expected") }
    _ = try next()
    while let element = try scanElement() { try visit(element) }
  }

  /// Scans one value of any kind.
  ///
  /// - Throws: `JSONError` when no valid value follows.
  public mutating func scanValue() throws(JSONError) -> JSONSpan {
    guard let value = try scanElement() else { throw failure("a value is expected") }
    return value
  }

  /// Scans a value; nil at the end of the array.
  private mutating func scanElement() throws(JSONError) -> JSONSpan? {
    switch try next() {
    case .scalar(let span): return span
    case .beginObject: return try skipContainer(.object)
    case .beginArray: return try skipContainer(.array)
    case .key, .endObject, .endArray, nil: return nil
    }
  }

  /// Goes to the end of the container that was just entered.
  private mutating func skipContainer(_ kind: JSONKind) throws(JSONError) -> JSONSpan {
    let start = position - 1
    let outside = depth - 1
    while depth > outside { _ = try next() }
    return JSONSpan(kind: kind, hasEscapes: false, start: start, end: position)
  }

  // MARK: - Scalars

  /// Digits in a row; JSON knows no end, but nobody reads more.
  private static let maximumDigits = 4096

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
    if position - start > Self.maximumDigits { throw failure("a number is too long") }
  }

  private mutating func beginString(isKey: Bool, _ limit: Int) throws(JSONError) -> JSONToken? {
    guard current == UInt8(ascii: "\"") else { throw failure("a string is expected") }
    let start = position
    position += 1
    return try scanString(from: start, false, isKey: isKey, limit)
  }

  private mutating func scanString(
    from start: Int, _ hadEscapes: Bool, isKey: Bool, _ limit: Int
  ) throws(JSONError) -> JSONToken? {
    var hasEscapes = hadEscapes
    while position < bytes.count {
      skipPlainText(before: limit)
      guard position < bytes.count else { break }
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        let span = JSONSpan(kind: .string, hasEscapes: hasEscapes, start: start, end: position)
        state = isKey ? .colon : .afterValue
        return isKey ? .key(span) : .scalar(span)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try scanEscape()
      case 0..<0x20: throw failure("a control character must be escaped")
      // The first one behind the limit.
      case 0x20..<0x80: position += 1
      default: try scanMultibyte(byte)
      }
      if position >= limit {
        state = .string(start: start, hasEscapes: hasEscapes, isKey: isKey)
        return nil
      }
    }
    throw failure("the string does not end")
  }

  /// Passes the characters of a string that stand for themselves and have one byte.
  @inline(__always)
  private mutating func skipPlainText(before limit: Int) {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    let end = min(limit, bytes.count)
    var place = position
    while place < end {
      let byte = base[place]
      if byte &- 0x20 >= 0x60 || byte == 0x22 || byte == 0x5c { break }
      place += 1
    }
    position = place
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
