/// Base64 with the standard alphabet (RFC 4648, section 4).
public enum Base64 {
  /// The text of some bytes, padded and on one line.
  public static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var rest = bytes[...]
    while !rest.isEmpty {
      let group = Array(rest.prefix(3))
      rest = rest.dropFirst(3)
      let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0..<4 {
        text.append(index <= group.count ? alphabet[word >> (18 - 6 * index) & 63] : padding)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of a text; white space is skipped.
  ///
  /// - Returns: nil when it is no base64: a foreign character, wrong padding or a number of characters that cannot be.
  public static func decode(_ text: String) -> [UInt8]? {
    var characters = text.utf8.filter { !whiteSpace.contains($0) }[...]
    guard characters.count % 4 == 0 else { return nil }
    let paddingCount = characters.suffix(2).reversed().prefix { $0 == padding }.count
    characters = characters.dropLast(paddingCount)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(characters.count * 3 / 4)
    var word = 0
    var bits = 0
    for character in characters {
      guard let value = values[Int(character)] else { return nil }
      word = word << 6 | value
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(word >> bits & 255))
      }
    }
    return bytes
  }

  private static let padding = UInt8(ascii: "=")
  private static let whiteSpace: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [Int?] = alphabet.enumerated().reduce(into: Array(repeating: nil, count: 256)) {
    $0[Int($1.element)] = $1.offset
  }
}
