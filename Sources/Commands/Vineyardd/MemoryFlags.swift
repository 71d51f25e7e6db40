import ArgumentParser
import SharedMemory
import StoreCore
import StoreProtocol
import StoreServer
import Support

/// The daemon's flags about memory.
enum MemoryFlags: DaemonFlagTable {
  static let table: [FlagSpec] = [
    .optional(
      "size",
      ArgumentHelp(
        "Most memory for objects: a number and k, m, g, t, p or e, powers of 1024. (default: the container's limit)",
        valueName: "size")
    ) { (size: String?, _, options) in options.server.memoryLimit = try size.flatMap { try bytes($0) } },
    .option("huge_pages", "kind", "Pages behind the objects.", default: HugePagePolicy.auto) { pages, _, options in
      options.server.hugePages = pages
    },
    .optional(
      "populate",
      ArgumentHelp("Memory made ready before a client touches it. (default: ahead)", valueName: "extent")
    ) { (mode: PopulateMode?, _, options) in options.server.populate = mode ?? .ahead },
    .switch("reserve_memory", "The same as --populate=all.") { isOn, flags, options in
      guard isOn else { return }
      guard (flags.value("populate") ?? PopulateMode.all) == .all else {
        throw ProgramError(.usage, "--reserve_memory contradicts --populate", hint: "give one of them")
      }
      options.server.populate = .all
    },
    .option(
      "deleted_memory", "keep|reuse",
      "Memory of deleted objects that clients still map, outside of volumes: used again when there is no other (reuse), "
        + "or theirs until they let go (keep).", default: DeletedMemoryPolicy.reuse
    ) { policy, _, options in options.server.deletedMemory = policy },
    .option(
      "overwrite", "delete|keep",
      "What becomes of an object outside of volumes when its name is given to another.", default: OverwritePolicy.keep
    ) { policy, _, options in options.server.overwrite = policy },
    .option(
      "stream_threshold", "percent", "Share of the memory that streams may fill.", default: 80, kind: .integer
    ) { percent, _, options in
      guard (0...100).contains(percent) else {
        throw ProgramError(.usage, "invalid --stream_threshold \(percent)", hint: "give a percentage, 0 to 100")
      }
      options.server.streamThreshold = UInt64(percent)
    },
    .optional(
      "copies_limit",
      ArgumentHelp(
        "Most memory for copies of what other stores have: a percentage of the memory, or a size. (default: 50%)",
        valueName: "share")
    ) { (share: String?, flags, options) in
      if let share { options.server.copiesLimit = try memoryShare(share, "--copies_limit", flags) }
    },
    .optional(
      "volume_copies_limit",
      ArgumentHelp(
        "Most memory of such copies that the clients of one volume may map. (default: the volume's quota)",
        valueName: "share")
    ) { (share: String?, flags, options) in
      options.server.volumeCopiesLimit = try share.map { try memoryShare($0, "--volume_copies_limit", flags) }
    },
    FlagSpec(
      "allocator", .choice(["dlmalloc", "mimalloc"]), .withoutEffect("the store has one allocator"),
      settled: "dlmalloc"),
    FlagSpec(
      "spill_path", .text, .notYet("spilling is not available yet; a full store refuses new objects"),
      settled: ""),
    FlagSpec("spill_lower_rate", .number, .notYet("spilling is not available yet"), settled: "0.3"),
    FlagSpec("spill_upper_rate", .number, .notYet("spilling is not available yet"), settled: "0.8"),
  ]

  /// A part of the memory, which is not more than all of it.
  private static func memoryShare(_ text: String, _ flag: String, _ flags: DaemonFlags) throws -> MemoryShare {
    let share = try MemoryShare.parse(text, flag: flag)
    guard case .bytes(let wanted) = share, let size: String = flags.value("size"), let all = try bytes(size),
      wanted > all
    else { return share }
    throw ProgramError(
      .usage, "invalid \(flag) '\(text)'", cause: "it is more than --size \(size)",
      hint: "give less, or a share such as 25%")
  }

  /// Bytes, nil for as much as is sensible.
  private static func bytes(_ size: String) throws -> UInt64? {
    let isNegative = size.drop { $0 == " " }.first == "-"
    guard !isNegative else {
      throw ProgramError(
        .usage, "invalid --size '\(size)'", cause: "it is negative",
        hint: "leave it out, or give 0, for as much as the container may use")
    }
    guard let bytes = try ByteSize.parse(size)?.bytes else { return nil }
    guard bytes >= MemoryBudget.minimum else {
      throw ProgramError(
        .usage, "invalid --size '\(size)'", cause: "a store has \(MemoryBudget.minimum) bytes at least",
        hint: "write a number and k, m, g, t, p or e, such as 512M or 1.5Gi")
    }
    return bytes
  }
}

extension HugePagePolicy: ExpressibleByArgument {}
extension PopulateMode: ExpressibleByArgument {}
extension DeletedMemoryPolicy: ExpressibleByArgument {}
extension OverwritePolicy: ExpressibleByArgument {}
