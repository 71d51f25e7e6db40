import ArgumentParser

/// The daemon's flags about memory.
struct MemoryArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Most memory for objects: a number and k, m, g, t, p or e, powers of 1024. (default: the container's limit)",
      valueName: "size"))
  var size: String?

  @Option(
    name: .customLong("huge_pages"),
    help: ArgumentHelp("Pages behind the objects.", valueName: "kind"))
  var hugePages: HugePages = .auto

  @Option(help: ArgumentHelp("Memory made ready before a client touches it. (default: ahead)", valueName: "extent"))
  var populate: Populate?

  @Flag(name: .customLong("reserve_memory"), help: "The same as --populate=all.")
  var reserveMemory = false

  @Option(
    name: .customLong("deleted_memory"),
    help: ArgumentHelp(
      "Memory of deleted objects that clients still map, outside of volumes: used again when there is no other (reuse), "
        + "or theirs until they let go (keep).", valueName: "keep|reuse"))
  var deletedMemory = DeletedMemory.reuse

  @Option(
    help: ArgumentHelp(
      "What becomes of an object outside of volumes when its name is given to another.", valueName: "delete|keep"))
  var overwrite = Overwrite.keep

  @Option(
    name: .customLong("stream_threshold"),
    help: ArgumentHelp("Share of the memory that streams may fill.", valueName: "percent"))
  var streamThreshold = 80
}

/// Which pages the store asks the kernel for.
public enum HugePages: String, Sendable, CaseIterable, ExpressibleByArgument {
  /// The best kind this machine grants.
  case auto
  /// Transparent huge pages for shared memory.
  case thp
  /// Reserved huge pages, `MFD_HUGETLB`.
  case hugetlb
  /// A tmpfs of the store's own, mounted with `huge=always`.
  case tmpfs
  /// Pages of 4 KiB.
  case off
}

/// The fate of memory of deleted objects that clients were given.
public enum DeletedMemory: String, Sendable, CaseIterable, ExpressibleByArgument {
  case keep, reuse
}

/// The fate of an object when its name is given to another.
public enum Overwrite: String, Sendable, CaseIterable, ExpressibleByArgument {
  case delete, keep
}

/// How much memory is populated before clients write to it.
public enum Populate: String, Sendable, CaseIterable, ExpressibleByArgument {
  /// A stretch in front of what is allocated, by a background thread.
  case ahead
  /// Everything, at start.
  case all
  /// Nothing; clients take the page faults.
  case off
}
