/// How much memory this process may use.
public struct MemoryLimits: Sendable, Equatable {
  /// Bytes of memory in the machine; 0 where /proc says nothing.
  public let physical: UInt64

  /// Bytes that the strictest enclosing cgroup allows; nil where none does.
  public let cgroup: UInt64?

  /// Reserved-pool pages of 2 MiB that are free, promised to nobody and allowed by the cgroup.
  public let hugePagesFree: UInt64

  /// Bytes that the process can have: the smaller of `physical` and `cgroup`.
  public var effective: UInt64 { min(physical, cgroup ?? physical) }

  public init(physical: UInt64, cgroup: UInt64?, hugePagesFree: UInt64) {
    self.physical = physical
    self.cgroup = cgroup
    self.hugePagesFree = hugePagesFree
  }

  /// Reads the limits of the calling process from /proc and /sys (proc(5), cgroups(7)).
  ///
  /// - Parameter root: where the tree begins that holds `proc` and `sys`.
  public static func detect(root: String = "/") -> MemoryLimits {
    let root = root.hasSuffix("/") ? root : root + "/"
    let groups = CgroupTree(root: root)
    return MemoryLimits(
      physical: physicalBytes(root: root),
      cgroup: groups.minimum(controller: "memory", v2: ["memory.max"], v1: ["memory.limit_in_bytes"]),
      hugePagesFree: freeHugePages(root: root, groups: groups))
  }

  private static func physicalBytes(root: String) -> UInt64 {
    let lines = kernelText(root + "proc/meminfo")?.split(separator: "\n") ?? []
    guard let line = lines.first(where: { $0.hasPrefix("MemTotal:") }) else { return 0 }
    let words = line.split(separator: " ")
    guard words.count > 1, let kibibytes = UInt64(words[1]) else { return 0 }
    return kibibytes << 10
  }

  private static func freeHugePages(root: String, groups: CgroupTree) -> UInt64 {
    let pool = root + "sys/kernel/mm/hugepages/hugepages-2048kB/"
    let free = kernelNumber(pool + "free_hugepages") ?? 0
    let promised = kernelNumber(pool + "resv_hugepages") ?? 0
    let available = free - min(free, promised)
    let allowed = groups.minimum(
      controller: "hugetlb",
      v2: ["hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"],
      v1: ["hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.rsvd.limit_in_bytes"])
    return allowed.map { min(available, $0 / PageSize.huge) } ?? available
  }
}
