/// Bytes as people look at them: sixteen in a line, in hexadecimal and as text.
public enum HexDump {
  public struct Line: Sendable, Equatable {
    public let offset: String
    public let bytes: String
    public let text: String
  }

  public static func lines(_ bytes: [UInt8]) -> [Line] {
    stride(from: 0, to: bytes.count, by: 16).map { start in
      let part = bytes[start..<min(start + 16, bytes.count)]
      return Line(
        offset: hexadecimal(start, 8), bytes: part.map { hexadecimal(Int($0), 2) }.joined(separator: " "),
        text: String(decoding: part.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self))
    }
  }

  private static func hexadecimal(_ value: Int, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
