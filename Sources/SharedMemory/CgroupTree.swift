/// The cgroups around this process, of version 1, version 2 or both.
struct CgroupTree {
  /// Path of the directory that holds `proc` and `sys`, with a slash at the end.
  let root: String

  /// Version 1 says "no limit" with the largest page count, so that anything this big is none.
  private static let unlimited: UInt64 = 1 << 62

  /// The strictest value of the files in the process's cgroup and those around it; nil for no limit.
  ///
  /// - Parameters:
  ///   - controller: the controller that version 1 mounts by itself, such as `memory`.
  ///   - v2: file names under version 2.
  ///   - v1: file names under version 1.
  func minimum(controller: String, v2: [String], v1: [String]) -> UInt64? {
    var strictest: UInt64?
    for (directory, names) in directories(controller: controller, v2: v2, v1: v1) {
      for name in names {
        guard let value = kernelNumber("\(directory)/\(name)"), value < Self.unlimited else { continue }
        strictest = min(strictest ?? value, value)
      }
    }
    return strictest
  }

  /// The strictest limit of memory, in bytes; nil where there is none.
  ///
  /// A container may not see the cgroups around it. Version 1 tells what they allow nevertheless; version 2 does not.
  /// Beyond `memory.high` the kernel slows everybody down until something is reclaimed, and pages of a store are not.
  var memory: UInt64? {
    let seen = minimum(controller: "memory", v2: ["memory.max", "memory.high"], v1: ["memory.limit_in_bytes"])
    let around = directories(controller: "memory", v2: [], v1: ["memory.stat"]).compactMap { directory, names in
      names.first.flatMap { kernelField("hierarchical_memory_limit", in: "\(directory)/\($0)") }
    }.filter { $0 < Self.unlimited }.min()
    return [seen, around].compactMap(\.self).min()
  }

  private func directories(
    controller: String, v2: [String], v1: [String]
  ) -> [(directory: String, names: [String])] {
    let mount = root + "sys/fs/cgroup"
    let unified = Self.ancestors(path(controller: ""))
    let own = Self.ancestors(path(controller: controller))
    return unified.map { (mount + $0, v2) }
      + unified.map { ("\(mount)/unified\($0)", v2) }
      + own.map { ("\(mount)/\(controller)\($0)", v1) }
  }

  /// The path of the process in one hierarchy; "/" where it isn't known.
  private func path(controller: String) -> String {
    for line in kernelText(root + "proc/self/cgroup")?.split(separator: "\n") ?? [] {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      if controller.isEmpty ? fields[1].isEmpty : fields[1].split(separator: ",").contains(Substring(controller)) {
        return String(fields[2])
      }
    }
    return "/"
  }

  /// The path and all above it without slashes at the end, innermost first: `/a/b`, `/a`, and the empty root.
  private static func ancestors(_ path: String) -> [String] {
    let names = path.split(separator: "/")
    // A process outside the cgroup namespace's root sees a path with dots: only the root is ours to read.
    guard !names.contains("..") else { return [""] }
    return (0...names.count).reversed().map { count in names.prefix(count).map { "/" + $0 }.joined() }
  }
}
