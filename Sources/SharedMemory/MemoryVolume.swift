/// A tmpfs that the kubelet made for a pod: `emptyDir` with medium Memory.
///
/// The kubelet sizes it by what the pod may really use: the smallest of the volume's size limit, the limits of the
/// pod's containers and what the node has for pods (feature SizeMemoryBackedVolumes, Kubernetes 1.22 and later).
struct MemoryVolume {
  /// Bytes of the file system.
  let bytes: UInt64

  /// - Parameter root: where the tree begins that holds `proc`, with a slash at the end.
  /// - Returns: nil where something else is mounted, such as the 64 MiB that container runtimes put on /dev/shm.
  init?(mountedOn path: String, root: String = "/") {
    guard let options = Self.options(path, root) else { return nil }
    guard let size = options.split(separator: ",").first(where: { $0.hasPrefix("size=") })?.dropFirst(5) else {
      return nil
    }
    guard let bytes = Self.bytes(size), bytes > 0 else { return nil }
    self.bytes = bytes
  }

  /// The options of the file system on top at `path`, if it is a tmpfs that no container runtime made; runtimes name
  /// theirs `shm` (proc_pid_mountinfo(5)).
  private static func options(_ path: String, _ root: String) -> Substring? {
    var found: Substring?
    for line in kernelText(root + "proc/self/mountinfo")?.split(separator: "\n") ?? [] {
      let words = line.split(separator: " ")
      guard words.count > 6, words[4] == path, let dash = words.firstIndex(of: "-"), dash + 3 < words.count else {
        continue
      }
      found = words[dash + 1] == "tmpfs" && words[dash + 2] == "tmpfs" ? words[dash + 3] : nil
    }
    return found
  }

  private static func bytes(_ text: Substring) -> UInt64? {
    switch text.last {
    case "k": UInt64(text.dropLast()).map { $0 << 10 }
    case "m": UInt64(text.dropLast()).map { $0 << 20 }
    case "g": UInt64(text.dropLast()).map { $0 << 30 }
    default: UInt64(text)
    }
  }
}
