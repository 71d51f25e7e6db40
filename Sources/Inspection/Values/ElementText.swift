import Support

extension ElementType {
  /// Elements as text, as many as the bytes have.
  func texts(_ bytes: [UInt8]) -> [String] {
    stride(from: 0, through: bytes.count - size, by: size).map { text(bytes[$0..<$0 + size]) }
  }

  /// One element as text.
  func text(_ bytes: ArraySlice<UInt8>) -> String {
    switch kind {
    case .boolean: return bytes.allSatisfy { $0 == 0 } ? "false" : "true"
    case .unsigned: return String(pattern(bytes))
    case .signed: return String(signed(bytes))
    case .float: return Self.float(pattern(bytes), size)
    case .brainFloat: return "\(Float(bitPattern: UInt32(truncatingIfNeeded: pattern(bytes)) << 16))"
    case .complex:
      let half = size / 2
      let real = Self.float(pattern(bytes.prefix(half)), half)
      let imaginary = Self.float(pattern(bytes.suffix(half)), half)
      return imaginary.hasPrefix("-") ? "\(real)\(imaginary)j" : "\(real)+\(imaginary)j"
    case .instant(let unit): return Self.instant(signed(bytes), unit)
    case .duration(let unit): return signed(bytes) == .min ? "NaT" : "\(signed(bytes)) \(unit)"
    case .bytes:
      let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? bytes.startIndex
      return String(decoding: bytes[..<end].prefix(Self.longestText), as: UTF8.self).printable()
    case .text: return text32(bytes).printable()
    }
  }

  /// Bytes of a text that are looked at.
  static let longestText = 256

  private func text32(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).prefix(Self.longestText) {
      let value = UInt32(truncatingIfNeeded: pattern(bytes[start..<min(start + 4, bytes.endIndex)]))
      if value == 0 { break }
      text.unicodeScalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    return text
  }

  /// The bits of an element of at most eight bytes.
  private func pattern(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    let ordered = isBigEndian ? Array(bytes) : bytes.reversed()
    return ordered.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func signed(_ bytes: ArraySlice<UInt8>) -> Int64 {
    let bits = UInt64(8 - min(8, bytes.count)) * 8
    return Int64(bitPattern: pattern(bytes) << bits) >> Int64(bits)
  }

  private static func float(_ bits: UInt64, _ size: Int) -> String {
    switch size {
    case 2: "\(half(UInt16(truncatingIfNeeded: bits)))"
    case 4: "\(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))"
    default: "\(Double(bitPattern: bits))"
    }
  }

  /// Source: IEEE 754, binary16.
  private static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let (exponent, fraction) = (Int(bits >> 10 & 0x1F), Float(bits & 0x3FF))
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }

  /// A point in time in UTC; those that calendars of four digits do not have stay numbers.
  private static func instant(_ value: Int64, _ unit: String) -> String {
    if value == .min { return "NaT" }
    let perSecond: [String: Int64] = ["s": 1, "ms": 1000, "us": 1_000_000, "μs": 1_000_000, "ns": 1_000_000_000]
    let perUnit: [String: Int64] = ["m": 60, "h": 3600, "D": 86400, "D32": 86400]
    var (seconds, fraction): (Int64, String)
    if let scale = perSecond[unit] {
      seconds = value / scale
      var rest = value % scale
      if rest < 0 { (seconds, rest) = (seconds - 1, rest + scale) }
      fraction = rest == 0 ? "" : ".\(String(scale + rest).dropFirst())"
    } else if let length = perUnit[unit],
      case (let product, let overflow) = value.multipliedReportingOverflow(by: length), !overflow
    {
      (seconds, fraction) = (product, "")
    } else {
      return "\(value) \(unit)"
    }
    guard abs(seconds) < 60_000_000_000 else { return "\(value) \(unit)" }
    let text = "\(Timestamp(milliseconds: seconds * 1000))"
    return unit.hasPrefix("D")
      ? String(text.prefix(10)) : "\(text.prefix(10)) \(text.dropFirst(11).prefix(8))\(fraction)"
  }
}
