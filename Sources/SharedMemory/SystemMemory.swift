/// The machine's memory in bytes, as /proc/meminfo has it (proc_meminfo(5)).
struct SystemMemory {
  /// All of it; nil where /proc says nothing.
  let total: UInt64?
  /// The part that can be had without swapping; nil where /proc says nothing.
  let available: UInt64?

  /// - Parameter root: where the tree begins that holds `proc`, with a slash at the end.
  init(root: String = "/") {
    let lines = kernelText(root + "proc/meminfo")?.split(separator: "\n") ?? []
    total = Self.bytes("MemTotal:", in: lines)
    available = Self.bytes("MemAvailable:", in: lines)
  }

  private static func bytes(_ name: String, in lines: [Substring]) -> UInt64? {
    let words = lines.first { $0.hasPrefix(name) }?.split(separator: " ") ?? []
    guard words.count > 1, let kibibytes = UInt64(words[1]) else { return nil }
    return kibibytes << 10
  }

  /// Whether the machine has that many bytes, and some for everybody else.
  ///
  /// Stores on one machine cannot see each other's limits when each is in a container of its own: whoever comes when
  /// the memory is nearly used up is refused, before the kernel ends one of them.
  func hasRoom(for bytes: UInt64) -> Bool {
    guard let total, let available else { return true }
    let rest = min(max(64 << 20, total / 64), total / 8)
    return available >= bytes && available - bytes >= rest
  }
}
