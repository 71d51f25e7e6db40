/// Cuts a stream of bytes into lines, wherever the pieces it arrives in end.
struct LineSplitter {
  private var rest: [UInt8] = []
  /// Length of the part of `rest` without a line break, so that a long line is not searched again and again.
  private var searched = 0

  /// Takes a piece.
  ///
  /// - Returns: the lines that are now complete, without their line breaks and without empty ones.
  mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
    rest += bytes
    var lines: [[UInt8]] = []
    var start = 0
    while let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      if end > start { lines.append(Array(rest[start..<end])) }
      start = end + 1
      searched = start
    }
    rest.removeFirst(start)
    searched = rest.count
    return lines
  }

  /// Whether bytes of an unfinished line are left.
  var isInsideLine: Bool { !rest.isEmpty }
}
