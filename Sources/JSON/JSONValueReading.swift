/// Turning the spans of scalar values into Swift values.
extension UnsafeRawBufferPointer {
  /// The bytes of a span.
  public func slice(_ span: JSONSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[span.start..<span.end])
  }

  /// The bytes between the quotes of a string span, escapes untouched.
  public func rawString(_ span: JSONSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[(span.start + 1)..<(span.end - 1)])
  }

  /// The text of a string span.
  public func string(_ span: JSONSpan) -> String {
    let raw = rawString(span)
    guard span.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    return JSONEscapes.resolve(raw)
  }

  /// An integer of 64 bits; negative numbers come as their two's complement, as the original reads them.
  ///
  /// - Returns: nil for fractions, exponents and numbers outside -2^63 ..< 2^64.
  public func integer(_ span: JSONSpan) -> UInt64? {
    guard span.kind == .number else { return nil }
    var index = span.start
    let isNegative = self[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var value: UInt64 = 0
    while index < span.end {
      let digit = self[index] &- 0x30
      guard digit <= 9 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if overflow || carry { return nil }
      value = sum
      index += 1
    }
    guard isNegative else { return value }
    return value <= 1 << 63 ? 0 &- value : nil
  }
}

enum JSONEscapes {
  /// Replaces the escapes of validated string content.
  static func resolve(_ raw: UnsafeRawBufferPointer) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(raw.count)
    var index = 0
    while index < raw.count {
      guard raw[index] == UInt8(ascii: "\\") else {
        text.append(raw[index])
        index += 1
        continue
      }
      let code = raw[index + 1]
      index += 2
      switch code {
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0c)
      case UInt8(ascii: "n"): text.append(0x0a)
      case UInt8(ascii: "r"): text.append(0x0d)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = codeUnit(raw, at: index)
        index += 4
        if scalar & 0xfc00 == 0xd800 {
          scalar = 0x10000 + ((scalar & 0x3ff) << 10 | codeUnit(raw, at: index + 2) & 0x3ff)
          index += 6
        }
        if let scalar = Unicode.Scalar(scalar) { text.append(contentsOf: Character(scalar).utf8) }
      default: text.append(code)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func codeUnit(_ raw: UnsafeRawBufferPointer, at index: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 << 4 | UInt32(HexText.nibble(raw[index + $1]) ?? 0) }
  }
}
