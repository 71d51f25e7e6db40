import Support

/// Certificates and keys as OpenSSL reads them (RFC 7468), from what people have.
enum PEMText {
  /// The bytes as PEM: what is PEM in an encoding that contains ASCII stays as it is, UTF-16 is decoded, and a
  /// certificate in DER is wrapped.
  ///
  /// - Returns: nil for anything else.
  static func normalized(_ bytes: [UInt8]) -> [UInt8]? {
    // Comments between the blocks may be in any encoding.
    if contains(mark, bytes) { return bytes }
    if let text = UnicodeText.decode(bytes).map({ Array($0.utf8) }), contains(mark, text) { return text }
    return isDER(bytes) ? wrapped(bytes) : nil
  }

  private static let mark = Array("-----BEGIN ".utf8)

  private static func contains(_ mark: [UInt8], _ bytes: [UInt8]) -> Bool {
    var start = bytes.startIndex
    while let dash = bytes[start...].firstIndex(of: mark[0]) {
      if bytes[dash...].starts(with: mark) { return true }
      start = dash + 1
    }
    return false
  }

  /// Whether the bytes are one sequence whose length takes two bytes, as that of every certificate does (X.690).
  private static func isDER(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 4, bytes[0] == 0x30, bytes[1] == 0x82 else { return false }
    return Int(bytes[2]) << 8 | Int(bytes[3]) == bytes.count - 4
  }

  private static func wrapped(_ bytes: [UInt8]) -> [UInt8] {
    let text = Array(Base64.encode(bytes).utf8)
    var pem = Array("-----BEGIN CERTIFICATE-----\n".utf8)
    for start in stride(from: 0, to: text.count, by: 64) {
      pem += text[start..<min(start + 64, text.count)] + [UInt8(ascii: "\n")]
    }
    return pem + Array("-----END CERTIFICATE-----\n".utf8)
  }
}
