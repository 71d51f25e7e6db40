/// Which kind of memory the user wants for an arena.
public enum HugePagePolicy: String, CaseIterable, Sendable {
  /// The best that the machine gives: tmpfs, then hugetlb, then thp, then 4 KiB pages.
  case auto
  /// Transparent huge pages on a memfd (needs `shmem_enabled`).
  case thp
  /// Pages from the reserved pool (`vm.nr_hugepages`, `hugepages-2Mi` in Kubernetes).
  case hugetlb
  /// A private tmpfs with `huge=always` (needs CAP_SYS_ADMIN).
  case tmpfs
  /// No huge pages.
  case off

  /// Kinds to try before 4 KiB pages, best first.
  var candidates: [PageKind] {
    switch self {
    case .auto: [.tmpfs, .hugetlb, .thp]
    case .thp: [.thp]
    case .hugetlb: [.hugetlb]
    case .tmpfs: [.tmpfs]
    case .off: []
    }
  }
}

/// Which kind of memory an arena really has.
public enum PageKind: String, Sendable, CustomStringConvertible {
  /// A private, detached tmpfs mounted with `huge=always`.
  case tmpfs
  /// `MFD_HUGETLB` with all pages reserved.
  case hugetlb
  /// A memfd with `MADV_HUGEPAGE`.
  case thp
  /// A memfd with pages of the base size, 4 KiB on x86-64.
  case base

  /// The kind in words for a log.
  public var description: String {
    switch self {
    case .tmpfs: "2 MiB pages of a private tmpfs"
    case .hugetlb: "2 MiB pages of the reserved pool"
    case .thp: "transparent 2 MiB pages"
    case .base: "\(PageSize.base >> 10) KiB pages"
    }
  }

  /// Advice on how to get huge pages of whichever kind.
  static let anyRemedy =
    "CAP_SYS_ADMIN, vm.nr_hugepages, or `advise` in /sys/kernel/mm/transparent_hugepage/shmem_enabled gives them"

  /// Advice on how to get this kind.
  var remedy: String {
    switch self {
    case .tmpfs: "give the container CAP_SYS_ADMIN, or choose another policy"
    case .hugetlb: "raise vm.nr_hugepages on the node and request hugepages-2Mi, or choose another policy"
    case .thp:
      "write `advise` to /sys/kernel/mm/transparent_hugepage/shmem_enabled on the node, or choose another policy"
    case .base: "give the process more memory"
    }
  }
}
