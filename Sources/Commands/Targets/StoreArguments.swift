import ArgumentParser
import Manifests
import Support

/// The flags that describe the store of each node (`--vineyardd.…`).
struct StoreArguments: ParsableArguments {
  @Option(
    name: .customLong("vineyardd.image"),
    help: ArgumentHelp("Image of the stores; default: --image.", valueName: "image")
  )
  var image: String?

  @Option(
    name: .customLong("vineyardd.imagePullPolicy"), help: ArgumentHelp("When nodes pull it.", valueName: "policy"))
  var pullPolicy: String?

  @Flag(
    name: .customLong("vineyardd.syncCRDs"), inversion: .prefixedNo,
    help: "No effect yet: mirror persisted objects as custom resources.")
  var syncsCRDs = true

  @Option(
    name: .customLong("vineyardd.socket"),
    help: ArgumentHelp("Directory of the socket on the node.", valueName: "directory"))
  var socket = VineyarddSpec().store.socket

  @Option(
    name: .customLong("vineyardd.size"),
    help: ArgumentHelp("Memory for objects, such as 4Gi; default: as much as the container may use.", valueName: "size")
  )
  var size = ""

  @Flag(
    name: .customLong("vineyardd.reserve_memory"), inversion: .prefixedNo, help: "Allocate all of that memory at start."
  )
  var reservesMemory = false

  @Option(
    name: .customLong("vineyardd.streamThreshold"),
    help: ArgumentHelp("Percent of that memory that streams may fill.", valueName: "percent"))
  var streamThreshold = 80

  @Option(
    name: .customLong("vineyardd.overwrite"),
    help: ArgumentHelp(
      "What becomes of an object outside of volumes when its name is given to another: it stays as with the original "
        + "(keep, the default) or goes (delete).", valueName: "keep|delete"))
  var overwrite: String?

  @Option(
    name: .customLong("vineyardd.deleted_memory"),
    help: ArgumentHelp(
      "Memory of deleted objects outside of volumes that clients still map: used again when there is no other (reuse, "
        + "the default), or theirs (keep).", valueName: "reuse|keep"))
  var deletedMemory: String?

  @Option(
    name: .customLong("vineyardd.envs"),
    help: ArgumentHelp("Environment variables; repeatable, or separated by commas.", valueName: "name=value"))
  var environment: [String] = []

  @Option(
    name: .customLong("vineyardd.memory"),
    help: ArgumentHelp("Memory request and limit; default: derived from the size.", valueName: "quantity"))
  var memory: String?

  @Option(name: .customLong("vineyardd.cpu"), help: ArgumentHelp("CPU request and limit.", valueName: "quantity"))
  var cpu: String?

  func validate() throws {
    guard !size.isEmpty, !size.hasPrefix("-") else { return }
    let bytes = try ByteSize.parse(size)?.bytes ?? 0
    guard bytes >= Self.smallestSize else {
      throw CommandError(
        .usage, "--vineyardd.size \(size) is too little for a store",
        hint: "give 1Mi or more with its unit, such as 4Gi, or leave it out")
    }
  }

  /// Warnings about flags that do nothing; the default of a flag asks for nothing.
  ///
  /// - Parameter words: normalised flags.
  static func warnings(_ words: [String]) -> [String] {
    words.contains("--vineyardd.syncCRDs")
      ? ["--vineyardd.syncCRDs has no effect: \(FlagTable.syncCRDsReason)"] : []
  }

  /// Bytes below which a size is a slip, such as a forgotten unit.
  private static let smallestSize: UInt64 = 1 << 20

  func apply(to store: inout VineyarddSpec.Store) throws {
    store.image = image ?? store.image
    store.imagePullPolicy = pullPolicy ?? store.imagePullPolicy
    store.syncCRDs = syncsCRDs
    store.socket = socket
    store.size = size
    store.reserveMemory = reservesMemory
    store.streamThreshold = streamThreshold
    store.overwrite = overwrite?.nonEmpty
    store.deletedMemory = deletedMemory?.nonEmpty
    store.env = try environment.map { try VineyarddSpec.EnvironmentVariable(flag: $0) }
    store.memory = memory?.nonEmpty
    store.cpu = cpu?.nonEmpty
  }
}

/// The flags for spilling to a volume (`--vineyardd.spill.…`).
struct SpillArguments: ParsableArguments {
  @Option(
    name: .customLong("vineyardd.spill.config"),
    help: ArgumentHelp("No effect yet: name of the volume to spill to.", valueName: "name"))
  var config = ""

  @Option(
    name: .customLong("vineyardd.spill.path"),
    help: ArgumentHelp("No effect yet: where it is mounted.", valueName: "directory"))
  var path = ""

  @Option(
    name: .customLong("vineyardd.spill.spillLowerRate"),
    help: ArgumentHelp("No effect yet: share of the memory at which spilling ends.", valueName: "rate"))
  var lowerRate = "0.3"

  @Option(
    name: .customLong("vineyardd.spill.spillUpperRate"),
    help: ArgumentHelp("No effect yet: share of the memory at which spilling begins.", valueName: "rate"))
  var upperRate = "0.8"

  @Option(
    name: .customLong("vineyardd.spill.pv-pvc-spec"),
    help: ArgumentHelp("No effect yet: JSON or YAML with the keys pv-spec and pvc-spec.", valueName: "text"))
  var volumes = ""

  /// - Parameter standardInput: what stands in the place of `--vineyardd.spill.pv-pvc-spec`, when there is any.
  func apply(to spill: inout VineyarddSpec.Spill, standardInput: String?) throws {
    spill.name = config
    spill.path = path
    spill.spillLowerRate = lowerRate
    spill.spillUpperRate = upperRate
    let text = standardInput?.nonEmpty ?? volumes
    if !text.isEmpty { try spill.readVolumes(text) }
  }
}
