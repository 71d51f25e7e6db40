/// Text in the encodings that editors and shells write.
public enum UnicodeText {
  /// The text of some bytes without its byte order mark.
  ///
  /// - Returns: nil for what is neither UTF-8 nor UTF-16 with a byte order mark.
  public static func decode(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return String(validating: bytes.dropFirst(3), as: UTF8.self) }
    if bytes.starts(with: [0xFF, 0xFE]) { return utf16(bytes, low: 0, high: 1) }
    if bytes.starts(with: [0xFE, 0xFF]) { return utf16(bytes, low: 1, high: 0) }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func utf16(_ bytes: [UInt8], low: Int, high: Int) -> String? {
    guard bytes.count.isMultiple(of: 2) else { return nil }
    let units = stride(from: 2, to: bytes.count, by: 2).map { UInt16(bytes[$0 + low]) | UInt16(bytes[$0 + high]) << 8 }
    return String(validating: units, as: UTF16.self)
  }
}
