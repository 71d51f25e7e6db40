import Support

/// A line of /proc/self/mountinfo.
///
/// Source: proc_pid_mountinfo(5). A line reads `id parent major:minor root mount-point options [optional…] - type source
/// super-options`; blanks, tabs, line breaks and backslashes in names are three octal digits after a backslash.
struct MountEntry: Equatable, Sendable {
  let id: UInt64
  let parent: UInt64
  /// Major and minor number, as the kernel writes them.
  let device: String
  /// The directory of the file system that is mounted, without the mark of a deleted one.
  let root: String
  /// Whether that directory has been deleted since.
  let isDeleted: Bool
  let mountPoint: String
  /// Options of this mount, such as `ro` and `nosuid`.
  let options: [String]
  /// How mounts spread, such as `shared:7` or `master:3`; none for a private mount.
  let propagation: [String]
  let fileSystem: String
  let source: String

  private static let deletedMark = "//deleted"

  /// - Returns: nil for a line that is no such text.
  init?(_ line: ArraySlice<UInt8>) {
    let fields = line.split(separator: UInt8(ascii: " "))
    guard let dash = fields.firstIndex(where: { $0.elementsEqual([UInt8(ascii: "-")]) }), dash >= 6,
      fields.count >= dash + 3, let id = UInt64(Self.text(fields[0])), let parent = UInt64(Self.text(fields[1]))
    else { return nil }
    self.id = id
    self.parent = parent
    device = Self.text(fields[2])
    let root = Self.unescaped(fields[3])
    isDeleted = root.hasSuffix(Self.deletedMark)
    self.root = isDeleted ? String(root.dropLast(Self.deletedMark.count)) : root
    mountPoint = Self.unescaped(fields[4])
    options = Self.text(fields[5]).split(separator: ",").map(String.init)
    propagation = fields[6..<dash].map(Self.text)
    fileSystem = Self.unescaped(fields[dash + 1])
    source = Self.unescaped(fields[dash + 2])
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  /// Resolves octal escapes; a backslash without three digits stands for itself.
  private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
    guard bytes.contains(UInt8(ascii: "\\")) else { return text(bytes) }
    var result: [UInt8] = []
    var rest = Array(bytes)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      let isEscape = byte == UInt8(ascii: "\\") && digits.count == 3 && digits.allSatisfy { (48...55).contains($0) }
      guard isEscape, let value = UInt8(text(digits), radix: 8) else {
        result.append(byte)
        continue
      }
      result.append(value)
      rest = rest.dropFirst(3)
    }
    return text(result[...])
  }
}
