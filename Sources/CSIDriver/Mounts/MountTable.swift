import Glibc
import Support

/// The mounts of this process at one moment.
///
/// With a thousand volumes the table is long, so that only the lines asked for are read.
struct MountTable: Sendable {
  /// The lines, each after a line break.
  private let text: [UInt8]

  /// A table in the format of /proc/self/mountinfo.
  init(_ text: [UInt8]) { self.text = [Self.lineBreak] + text }

  /// Reads /proc/self/mountinfo.
  ///
  /// - Throws: `CommandError`.
  static func current() throws(CommandError) -> MountTable {
    let path = "/proc/self/mountinfo"
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw CommandError.system("cannot open \(path)", errno: errno) }
    defer { close(file) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw CommandError.system("cannot read \(path)", errno: errno) }
      if count == 0 { return MountTable(text) }
      text += chunk[..<count]
    }
  }

  /// All mounts, in the order of the kernel; what is no mount is left out.
  var entries: [MountEntry] { lines(containing: "\n").compactMap { MountEntry($0) } }

  /// The mounts whose line contains a text that has no escapes.
  func entries(containing text: String) -> [MountEntry] { lines(containing: text).compactMap { MountEntry($0) } }

  /// The mount with an id.
  func entry(id: UInt64) -> MountEntry? { lines(containing: "\n\(id) ").first.flatMap { MountEntry($0) } }

  private static let lineBreak = UInt8(ascii: "\n")

  /// The lines that contain a text, which may begin with the line break before a line.
  private func lines(containing part: String) -> [ArraySlice<UInt8>] {
    let part = Array(part.utf8)
    var lines: [ArraySlice<UInt8>] = []
    text.withUnsafeBytes { all in
      part.withUnsafeBytes { part in
        var position = 0
        while let hit = all.firstIndex(of: part, from: position) {
          var start = hit
          while start > 0, all[start] != Self.lineBreak { start -= 1 }
          let end = all.firstIndex(of: Self.lineBreak, from: start + 1) ?? all.count
          lines.append(text[(start + 1)..<end])
          position = end
        }
      }
    }
    return lines
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    guard let base = baseAddress, start < count, let hit = memchr(base + start, CInt(byte), count - start) else {
      return nil
    }
    return base.distance(to: UnsafeRawPointer(hit))
  }

  /// Where some bytes stand in a row.
  fileprivate func firstIndex(of part: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard let base = baseAddress, let partBase = part.baseAddress, let first = part.first else { return nil }
    var position = start
    while let hit = firstIndex(of: first, from: position), count - hit >= part.count {
      if memcmp(base + hit, partBase, part.count) == 0 { return hit }
      position = hit + 1
    }
    return nil
  }
}
