/// The prefixed, zero-padded hexadecimal text of ids, signatures and sessions.
public enum HexText {
  /// `prefix` and sixteen lower-case hexadecimal digits.
  public static func string(prefix: UInt8, _ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 17) { buffer in
      buffer[0] = prefix
      for index in 0..<16 {
        buffer[index + 1] = digit(UInt8(truncatingIfNeeded: value >> UInt64((15 - index) * 4)) & 0xf)
      }
      return 17
    }
  }

  /// The value of `<any character><1 to 16 hexadecimal digits>`.
  public static func parse(_ text: UnsafeRawBufferPointer) -> UInt64? {
    guard text.count >= 2, text.count <= 17 else { return nil }
    var value: UInt64 = 0
    for index in 1..<text.count {
      guard let nibble = nibble(text[index]) else { return nil }
      value = value << 4 | UInt64(nibble)
    }
    return value
  }

  @inlinable
  public static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x57
  }

  /// The value of one hexadecimal digit of either case.
  @inlinable
  public static func nibble(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x61...0x66: byte &- 0x57
    case 0x41...0x46: byte &- 0x37
    default: nil
    }
  }
}
