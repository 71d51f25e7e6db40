import Glibc

/// A number of bytes as people write it: `512M`, `1.5Gi`, `1000000`.
public struct ByteSize: Sendable, Equatable, Comparable, CustomStringConvertible {
  /// The size in bytes.
  public let bytes: UInt64

  /// Makes a size from a number of bytes.
  public init(bytes: UInt64) { self.bytes = bytes }

  public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

  /// Reads the grammar of `--size` (store-protocol, section 7.1): a floating point number and an
  /// optional letter k, m, g, t, p or e in either case, powers of 1024, which may end in i, b or ib: 256M, 256Mi, 256MiB.
  ///
  /// The original ignores what follows the letter, and reads garbage as bytes or as "no limit"; here these are errors.
  ///
  /// - Returns: nil for an empty text or a number not above zero, which mean "no limit given".
  /// - Throws: `ProgramError` with code `usage`.
  public static func parse(_ text: String) throws -> ByteSize? {
    let text = text.trimmingBlanks()
    guard !text.isEmpty else { return nil }
    let (number, suffix) = try leadingNumber(of: text)
    let bytes = number * Double(try multiplier(of: suffix, in: text))
    guard number > 0 else { return nil }
    guard bytes < Double(sign: .plus, exponent: 64, significand: 1) else {
      throw invalid(text, cause: "more than 2^64 bytes")
    }
    return ByteSize(bytes: UInt64(bytes))
  }

  private static func leadingNumber(of text: String) throws -> (Double, Substring) {
    let numberStart = text.utf8.first { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }
    guard let numberStart, numberStart == UInt8(ascii: ".") || (48...57).contains(numberStart) else {
      throw invalid(text, cause: "it does not begin with a number")
    }
    let (number, length) = text.withCString { start -> (Double, Int) in
      var end: UnsafeMutablePointer<CChar>?
      let number = strtod(start, &end)
      return (number, end.map { UnsafePointer($0) - start } ?? 0)
    }
    guard length > 0, number.isFinite else { throw invalid(text, cause: "not a number") }
    return (number, text[text.utf8.index(text.startIndex, offsetBy: length)...])
  }

  private static func multiplier(of suffix: Substring, in text: String) throws -> UInt64 {
    let unit = suffix.trimmingBlanks()
    guard let letter = unit.lowercased().first else { return 1 }
    let rest = unit.lowercased().dropFirst()
    if letter == "b", rest.isEmpty { return 1 }
    guard let power = Self.letters.firstIndex(of: letter), ["", "i", "b", "ib"].contains(rest) else {
      throw invalid(text, cause: "unknown unit '\(unit)'")
    }
    return 1 << (10 * UInt64(power + 1))
  }

  private static let letters: [Character] = ["k", "m", "g", "t", "p", "e"]

  private static func invalid(_ text: String, cause: String) -> ProgramError {
    ProgramError(
      .usage, "invalid size '\(text)'", cause: cause,
      hint: "write a number and k, m, g, t, p or e, such as 512M or 1.5Gi")
  }

  /// At most one decimal and a binary unit: `1.5 GiB`, `512 MiB`, `17 B`.
  public var description: String {
    var value = Double(bytes)
    var unit = 0
    // 1023.95 would round to 1024.0, which belongs to the next unit.
    while value >= 1023.95 && unit < Self.units.count - 1 {
      value /= 1024
      unit += 1
    }
    let tenths = Int((value * 10).rounded())
    let number = unit > 0 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
    return "\(number) \(Self.units[unit])"
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
}
