/// The value of an unquoted YAML scalar as Kubernetes reads it: YAML 1.1 with the resolution of its Go library.
///
/// Source: yaml.org/type for booleans, null, integers and floats. `yes`, `on` and `y` are booleans, `017` is octal,
/// dates stay text.
enum PlainScalar {
  static func value(_ text: String) -> Value {
    guard let first = text.utf8.first else { return .null }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      return number(text) ?? .string(text)
    default: return words[text] ?? .string(text)
    }
  }

  private static let words: [String: Value] = {
    var words: [String: Value] = ["~": .null, "null": .null, "Null": .null, "NULL": .null]
    for text in ["y", "yes", "true", "on"] { for form in forms(text) { words[form] = true } }
    for text in ["n", "no", "false", "off"] { for form in forms(text) { words[form] = false } }
    return words
  }()

  private static func forms(_ word: String) -> [String] {
    [word, word.prefix(1).uppercased() + word.dropFirst(), word.uppercased()]
  }

  private static func number(_ text: String) -> Value? {
    let plain = text.filter { $0 != "_" }
    return integer(plain) ?? fraction(plain)
  }

  private static func integer(_ text: String) -> Value? {
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard let radix = radix(of: digits) else { return nil }
    let magnitude = sign + digits.dropFirst(radix.prefix)
    // The sign was taken off; a second one is no integer.
    guard digits.dropFirst(radix.prefix).first.map({ $0.isHexDigit }) == true else { return nil }
    if let value = Int64(magnitude, radix: radix.base) { return .integer(value) }
    return UInt64(magnitude, radix: radix.base).map { .decimal(String($0)) }
  }

  private static func radix(of digits: Substring) -> (base: Int, prefix: Int)? {
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") { return (16, 2) }
    if digits.hasPrefix("0b") || digits.hasPrefix("0B") { return (2, 2) }
    if digits.hasPrefix("0o") || digits.hasPrefix("0O") { return (8, 2) }
    if digits.count > 1 && digits.hasPrefix("0") { return (8, 1) }
    return digits.isEmpty ? nil : (10, 0)
  }

  /// A decimal fraction as JSON text; infinities and NaN, which JSON does not have, stay text.
  private static func fraction(_ text: String) -> Value? {
    var digits = text[...]
    let sign = digits.hasPrefix("-") ? "-" : ""
    if digits.hasPrefix("-") || digits.hasPrefix("+") { digits = digits.dropFirst() }
    let whole = digits.prefix { $0.isASCIIDigit }
    digits = digits.dropFirst(whole.count)
    var part = Substring()
    if digits.hasPrefix(".") {
      part = digits.dropFirst().prefix { $0.isASCIIDigit }
      digits = digits.dropFirst(1 + part.count)
    }
    guard !(whole.isEmpty && part.isEmpty), let exponent = exponent(digits) else { return nil }
    let integral = whole.drop { $0 == "0" }
    return .decimal("\(sign)\(integral.isEmpty ? "0" : integral).\(part.isEmpty ? "0" : part)\(exponent)")
  }

  private static func exponent(_ text: Substring) -> String? {
    guard let letter = text.first else { return "" }
    guard letter == "e" || letter == "E" else { return nil }
    let rest = text.dropFirst()
    let digits = rest.hasPrefix("-") || rest.hasPrefix("+") ? rest.dropFirst() : rest
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCIIDigit }) else { return nil }
    return "e\(rest)"
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
