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
  /// - Throws: `ProgramError`.
  static func current() throws(ProgramError) -> MountTable {
    let path = "/proc/self/mountinfo"
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw ProgramError.system("cannot open \(path)", errno: errno) }
    defer { close(file) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ProgramError.system("cannot read \(path)", errno: errno) }
      if count == 0 { return MountTable(text) }
      text += chunk[..<count]
    }
  }

  /// All mounts, in the order of the kernel; lines that are no mount are left out.
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

  /// The position of a sequence of bytes.
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
  /// Propagation of mounts, such as `shared:7` or `master:3`; none for a private mount.
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

/// Contents of a mount: the directory of a volume, or the sockets of a whole store.
struct PublishedVolume: Equatable, Sendable {
  let cluster: ClusterName
  /// Nil for the directory of a store's main socket, which is what the original mounts.
  let name: String?
  let isReadOnly: Bool
  /// Whether the directory is gone, so that nobody can connect through the mount any more.
  let isDeleted: Bool

  /// Finds the volume that a mount shows.
  ///
  /// - Parameters:
  ///   - tree: the directory `<root>` of all sockets, as a path in its file system; empty for all of that.
  ///   - device: the file system of that directory, in the notation of the table of mounts.
  /// - Returns: nil for a mount of anything else.
  init?(_ entry: MountEntry, tree: String, device: String) {
    guard entry.device == device, entry.root.hasPrefix(tree + "/") else { return nil }
    let parts = entry.root.dropFirst(tree.count).split(separator: "/").map(String.init)
    guard parts.count >= 2, let cluster = ClusterName(namespace: parts[0], name: parts[1]) else { return nil }
    self.cluster = cluster
    isDeleted = entry.isDeleted
    switch parts.count {
    case 2: (name, isReadOnly) = (nil, false)
    case 4 where parts[2] == VolumeTree.volumes: (name, isReadOnly) = (parts[3], false)
    case 5 where parts[2] == VolumeTree.volumes && parts[4] == VolumeTree.readOnly:
      (name, isReadOnly) = (parts[3], true)
    default: return nil
    }
  }
}
