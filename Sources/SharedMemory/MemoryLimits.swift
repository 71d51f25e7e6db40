/// Limits on the memory that this process may use, from every source that sets one.
public struct MemoryLimits: Sendable, Equatable {
  /// Bytes of memory in the machine; 0 where /proc says nothing.
  public var physical: UInt64

  /// Bytes that the strictest enclosing cgroup allows; nil where none does.
  public var cgroup: UInt64?

  /// Bytes of the memory volume that the kubelet made for the pod; nil where there is none.
  public var volume: UInt64?

  /// Bytes of the node that pods may use, or of the container's own limit; nil where nobody says.
  public var node: UInt64?

  /// Bytes that other stores may take.
  public var promised = MemoryLedger.Promised()

  /// Reserved-pool pages of 2 MiB that are free, promised to nobody and allowed by the cgroup.
  public var hugePagesFree: UInt64

  public init(
    physical: UInt64, cgroup: UInt64? = nil, volume: UInt64? = nil, node: UInt64? = nil, hugePagesFree: UInt64 = 0
  ) {
    self.physical = physical
    self.cgroup = cgroup
    self.volume = volume
    self.node = node
    self.hugePagesFree = hugePagesFree
  }

  /// Reads the limits of the calling process from /proc and /sys (proc(5), cgroups(7)).
  ///
  /// - Parameters:
  ///   - root: where the tree begins that holds `proc` and `sys`.
  ///   - volume: where the pod's memory volume would be mounted; nil outside of Kubernetes.
  ///   - node: bytes that the downward API tells.
  public static func detect(root: String = "/", volume: String? = nil, node: UInt64? = nil) -> MemoryLimits {
    let root = root.hasSuffix("/") ? root : root + "/"
    let groups = CgroupTree(root: root)
    return MemoryLimits(
      physical: physicalBytes(root: root), cgroup: groups.memory,
      volume: volume.flatMap { MemoryVolume(mountedOn: $0, root: root)?.bytes }, node: node,
      hugePagesFree: freeHugePages(root: root, groups: groups))
  }

  private static func physicalBytes(root: String) -> UInt64 { SystemMemory(root: root).total ?? 0 }

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
