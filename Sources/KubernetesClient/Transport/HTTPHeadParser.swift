import Support

/// Puts header lines together; what a proxy or an interim answer sent before counts for nothing.
struct HTTPHeadParser {
  private var pending = HTTPHead()

  /// Takes one line with its line break.
  ///
  /// - Returns: the head, when this was the empty line after a final status.
  mutating func take(_ line: String) -> HTTPHead? {
    let line = line.trimmingLineEnd()
    if line.hasPrefix("HTTP/") {
      let words = line.split(separator: " ", maxSplits: 2)
      pending = HTTPHead(status: words.count > 1 ? Int(words[1]) ?? 0 : 0)
    } else if line.isEmpty {
      return pending.status >= 200 || pending.status == 101 ? pending : nil
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].trimmingBlanks()
      pending.headers.append(HTTPHeader(String(line[..<colon]), value))
    }
    return nil
  }
}
