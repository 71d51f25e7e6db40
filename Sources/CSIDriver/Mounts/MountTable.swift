import Glibc
import Support

/// The mounts of this process at one moment; lines are read only as far as they are asked for.
struct MountTable: Sendable {
  private let text: [UInt8]

  /// A table in the format of /proc/self/mountinfo.
  init(_ text: [UInt8]) { self.text = text }

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
  var entries: [MountEntry] { entries(containing: "") }

  /// The mounts whose line contains a text that has no escapes.
  func entries(containing text: String) -> [MountEntry] {
    lines { line in
      line.contains(text.utf8) ? MountEntry(line) : nil
    }
  }

  /// The mount with an id.
  func entry(id: UInt64) -> MountEntry? {
    lines { line in
      line.starts(with: "\(id) ".utf8) ? MountEntry(line) : nil
    }.first
  }

  /// The uppermost mount on a path, which must be in the kernel's own form.
  func entry(at mountPoint: String) -> MountEntry? {
    lines { line in
      MountEntry(line).flatMap { $0.mountPoint == mountPoint ? $0 : nil }
    }.last
  }

  private func lines(_ read: (ArraySlice<UInt8>) -> MountEntry?) -> [MountEntry] {
    var found: [MountEntry] = []
    var start = text.startIndex
    while start < text.endIndex {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
      if let entry = read(text[start..<end]) { found.append(entry) }
      start = end + 1
    }
    return found
  }
}

extension Collection<UInt8> {
  /// Whether some bytes stand in a row in these.
  fileprivate func contains(_ bytes: some Collection<UInt8>) -> Bool {
    guard let first = bytes.first else { return true }
    var rest = self[...]
    while let start = rest.firstIndex(of: first) {
      rest = rest[start...]
      if rest.starts(with: bytes) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
