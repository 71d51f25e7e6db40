/// A JSON value, read by a parser that shares nothing with the server's (RFC 8259).
///
/// Numbers keep their text.
enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Reads a whole text; nil when it is not JSON or nested deeper than 1024.
  ///
  /// - Parameter rawKeys: keep the escapes in keys.
  init?(_ text: [UInt8], rawKeys: Bool = false) {
    var parser = JSONParser(text: text, rawKeys: rawKeys)
    guard let value = parser.value(depth: 0), parser.isAtEnd else { return nil }
    self = value
  }

  subscript(key: String) -> JSON? {
    if case .object(let fields) = self { return fields[key] }
    return nil
  }

  subscript(index: Int) -> JSON? {
    if case .array(let elements) = self, elements.indices.contains(index) { return elements[index] }
    return nil
  }

  var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// An integer of 64 bits, negative ones as their two's complement.
  var integer: UInt64? {
    guard case .number(let text) = self else { return nil }
    if text.hasPrefix("-") { return UInt64(text.dropFirst()).flatMap { $0 <= 1 << 63 ? 0 &- $0 : nil } }
    return UInt64(text)
  }

  var elements: [JSON] {
    if case .array(let elements) = self { return elements }
    return []
  }
}

private struct JSONParser {
  let text: [UInt8]
  let rawKeys: Bool
  private var position = 0

  init(text: [UInt8], rawKeys: Bool) {
    self.text = text
    self.rawKeys = rawKeys
  }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return position == text.count
    }
  }

  mutating func value(depth: Int) -> JSON? {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return depth < 1024 ? object(depth: depth + 1) : nil
    case UInt8(ascii: "["): return depth < 1024 ? array(depth: depth + 1) : nil
    case UInt8(ascii: "\""): return string().map { .string($0.text) }
    case UInt8(ascii: "t"): return literal("true", .bool(true))
    case UInt8(ascii: "f"): return literal("false", .bool(false))
    case UInt8(ascii: "n"): return literal("null", .null)
    default: return number()
    }
  }

  private mutating func literal(_ word: String, _ value: JSON) -> JSON? {
    guard text[position...].starts(with: word.utf8) else { return nil }
    position += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) -> JSON? {
    position += 1
    var fields: [String: JSON] = [:]
    skipSpace()
    if take("}") { return .object(fields) }
    repeat {
      skipSpace()
      guard let key = string() else { return nil }
      skipSpace()
      guard take(":"), let value = value(depth: depth) else { return nil }
      fields[rawKeys ? key.raw : key.text] = value
      skipSpace()
    } while take(",")
    return take("}") ? .object(fields) : nil
  }

  private mutating func array(depth: Int) -> JSON? {
    position += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      guard let value = value(depth: depth) else { return nil }
      elements.append(value)
      skipSpace()
    } while take(",")
    return take("]") ? .array(elements) : nil
  }

  private mutating func digits() -> Bool {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func number() -> JSON? {
    let start = position
    _ = take("-")
    if !take("0"), !digits() { return nil }
    if take("."), !digits() { return nil }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard digits() else { return nil }
    }
    return .number(String(decoding: text[start..<position], as: UTF8.self))
  }

  private mutating func string() -> (text: String, raw: String)? {
    guard take("\"") else { return nil }
    let start = position
    var units: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        let raw = text[start..<(position - 1)]
        // Swift's own decoder is the judge of the UTF-8.
        guard let checked = String(validating: units, as: UTF8.self),
          let raw = String(validating: raw, as: UTF8.self)
        else { return nil }
        return (checked, raw)
      case UInt8(ascii: "\\"):
        guard let bytes = escape() else { return nil }
        units += bytes
      case 0..<0x20: return nil
      default: units.append(byte)
      }
    }
    return nil
  }

  private mutating func escape() -> [UInt8]? {
    guard let byte = next else { return nil }
    position += 1
    switch byte {
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "u"):
      guard var scalar = codeUnit() else { return nil }
      if (0xd800..<0xdc00).contains(scalar) {
        guard take("\\"), take("u"), let low = codeUnit(), (0xdc00..<0xe000).contains(low) else { return nil }
        scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
      }
      return Unicode.Scalar(scalar).map { Array(Character($0).utf8) }
    default: return nil
    }
  }

  private mutating func codeUnit() -> UInt32? {
    guard position + 4 <= text.count else { return nil }
    defer { position += 4 }
    let digits = text[position..<(position + 4)]
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }) else { return nil }
    return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
  }
}
