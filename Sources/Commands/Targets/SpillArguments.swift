import ArgumentParser
import Manifests

/// The flags for spilling to a volume (`--vineyardd.spill.…`).
struct SpillArguments: ParsableArguments {
  @Option(
    name: .customLong("vineyardd.spill.config"),
    help: ArgumentHelp("Name of the volume to spill to; without it nothing is spilled.", valueName: "name"))
  var config = ""

  @Option(
    name: .customLong("vineyardd.spill.path"), help: ArgumentHelp("Where it is mounted.", valueName: "directory"))
  var path = ""

  @Option(
    name: .customLong("vineyardd.spill.spillLowerRate"),
    help: ArgumentHelp("Share of the memory at which spilling ends.", valueName: "rate"))
  var lowerRate = "0.3"

  @Option(
    name: .customLong("vineyardd.spill.spillUpperRate"),
    help: ArgumentHelp("Share of the memory at which spilling begins.", valueName: "rate"))
  var upperRate = "0.8"

  @Option(
    name: .customLong("vineyardd.spill.pv-pvc-spec"),
    help: ArgumentHelp("JSON or YAML with the keys pv-spec and pvc-spec.", valueName: "text"))
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
