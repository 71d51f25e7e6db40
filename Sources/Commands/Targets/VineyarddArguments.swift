import ArgumentParser
import Manifests
import Support

/// The flags that describe a cluster.
struct VineyarddArguments: ParsableArguments {
  static let defaultName = VineyarddSpec().name

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"), completion: .vineyardds)
  var name = Self.defaultName

  @Option(help: "Number of stores, each on a node of its own; default: as deployed, else one per usable node up to 3.")
  var replicas: Int?

  @OptionGroup var fields: FieldFlags<VineyarddSpec>

  func validate() throws {
    guard let replicas, replicas < 1 else { return }
    throw ProgramError(
      .usage, "--replicas \(replicas) leaves no store",
      hint: "give 1 or more; 'vineyardctl delete vineyardd' removes a cluster and leaves the operator")
  }

  /// The cluster that the flags describe, not yet checked as a whole.
  ///
  /// - Parameter input: stands on the command line for what standard input says.
  /// - Throws: `ProgramError` with code `usage` for flags that cannot be read.
  func spec(
    _ context: DeploymentContext, _ images: ImageArguments, input: StandardInputMark? = nil
  ) throws -> VineyarddSpec {
    let image = images.options(context.host)
    var spec = VineyarddSpec()
    spec.name = name
    spec.namespace = context.namespace
    spec.replicas = replicas ?? spec.replicas
    spec.imageRegistry = image.registry
    spec.store.image = image.image
    spec.store.imagePullPolicy = image.pullPolicy
    try fields.apply(to: &spec)
    if input != nil, let volumes = try context.readFile("-").nonEmpty { try spec.store.spill.readVolumes(volumes) }
    return spec
  }

  /// Warnings about flags that do nothing; the default of a flag asks for nothing.
  ///
  /// - Parameter words: normalised flags.
  static func warnings(_ words: [String]) -> [String] {
    words.contains("--vineyardd.syncCRDs")
      ? ["--vineyardd.syncCRDs has no effect: \(FlagTable.syncCRDsReason)"] : []
  }
}
