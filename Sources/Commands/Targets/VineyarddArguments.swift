import ArgumentParser
import Documents
import Manifests
import Support

/// The flags that describe a cluster.
struct VineyarddArguments: ParsableArguments {
  static let defaultName = "vineyardd-sample"

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"), completion: .vineyardds)
  var name = Self.defaultName

  @Option(help: "Number of stores, each on a node of its own; default: as deployed, else one per usable node up to 3.")
  var replicas: Int?

  @Option(
    name: .customLong("etcd.replicas"),
    help: "Number of etcd members; no effect yet on the stores, which keep their own metadata.")
  var etcdReplicas = 1

  @OptionGroup var store: StoreArguments
  @OptionGroup var spill: SpillArguments
  @OptionGroup var pod: PodArguments

  @Flag(name: .customLong("vineyardd.metric.enable"), inversion: .prefixedNo, help: "Offer the metrics to Prometheus.")
  var enablesMetrics = false

  @Option(
    name: .customLong("vineyardd.metric.image"),
    help: ArgumentHelp("No effect: stores serve metrics themselves.", valueName: "image"))
  var metricImage: String?

  @Option(
    name: .customLong("vineyardd.metric.imagePullPolicy"),
    help: ArgumentHelp("No effect, as above.", valueName: "policy"))
  var metricPullPolicy: String?

  @Option(
    name: .customLong("vineyardd.service.type"), help: ArgumentHelp("Type of the RPC Service.", valueName: "type"))
  var serviceType = "ClusterIP"

  @Option(
    name: .customLong("vineyardd.service.port"), help: ArgumentHelp("Port of the RPC Service.", valueName: "port"))
  var servicePort = 9600

  @Flag(
    name: .customLong("vineyardd.allowClusterScope"), inversion: .prefixedNo,
    help: "Let inline volumes of pods reach the objects of the stores (scope 'cluster').")
  var allowsClusterScope = false

  @OptionGroup var placement: PlacementArguments
  @OptionGroup var plugins: PluginImageArguments

  func validate() throws {
    guard let replicas, replicas < 1 else { return }
    throw CommandError(
      .usage, "--replicas \(replicas) leaves no store",
      hint: "give 1 or more; 'vineyardctl delete vineyardd' removes a cluster and leaves the operator")
  }

  /// The cluster that the flags describe, not yet checked as a whole.
  ///
  /// - Parameter input: stands on the command line for what standard input says.
  /// - Throws: `CommandError` with code `usage` for flags that cannot be read.
  func spec(
    _ context: DeploymentContext, _ images: ImageArguments, input: StandardInputMark? = nil
  ) throws -> VineyarddSpec {
    let image = images.options(context.host)
    var spec = VineyarddSpec()
    spec.name = name
    spec.namespace = context.namespace
    spec.replicas = replicas ?? spec.replicas
    spec.etcdReplicas = etcdReplicas
    spec.imageRegistry = image.registry
    spec.service.type = serviceType
    spec.service.port = servicePort
    spec.metric.enable = enablesMetrics
    spec.allowClusterScope = allowsClusterScope
    spec.metric.image = metricImage
    spec.metric.imagePullPolicy = metricPullPolicy
    spec.store.image = image.image
    spec.store.imagePullPolicy = image.pullPolicy
    try store.apply(to: &spec.store)
    try spill.apply(to: &spec.store.spill, standardInput: input == nil ? nil : try context.readFile("-"))
    try pod.apply(to: &spec)
    plugins.apply(to: &spec.pluginImage)
    spec.placement = try placement.placement()
    return spec
  }
}

/// The flags for the pods of the stores.
struct PodArguments: ParsableArguments {
  @Option(
    name: .customLong("vineyardd.volume.pvcname"),
    help: ArgumentHelp("PersistentVolumeClaim for the socket instead of a directory on the node.", valueName: "name"))
  var claim = ""

  @Option(
    name: .customLong("vineyardd.volume.mountPath"),
    help: ArgumentHelp("Where the claim is mounted.", valueName: "directory"))
  var mountPath = ""

  @Option(
    name: .customLong("securityContext"),
    help: ArgumentHelp("Security context of the container, as JSON.", valueName: "object"))
  var securityContext: String?

  @Option(help: ArgumentHelp("More volumes, as a JSON array.", valueName: "array"))
  var volume: String?

  @Option(
    name: .customLong("volumeMount"), help: ArgumentHelp("More mounts, as a JSON array.", valueName: "array"))
  var volumeMount: String?

  func apply(to spec: inout VineyarddSpec) throws {
    spec.volume.pvcName = claim
    spec.volume.mountPath = mountPath
    spec.securityContext = try securityContext?.nonEmpty.map { try Self.tree($0, "--securityContext") }
    if let fields = spec.securityContext, fields.fields == nil { throw Self.refusal("--securityContext", "an object") }
    if let unknown = spec.securityContext?.fields?.keys.first(where: { !Self.securityFields.contains($0) }) {
      throw CommandError(
        .usage, "--securityContext has an unknown field '\(unknown)'",
        hint: nearest(to: unknown, in: Self.securityFields).map { "did you mean \($0)?" }
          ?? "'kubectl explain pod.spec.containers.securityContext' lists the fields")
    }
    spec.volumes = try Self.array(volume, "--volume")
    spec.volumeMounts = try Self.array(volumeMount, "--volumeMount")
  }

  /// Source: SecurityContext of core/v1.
  private static let securityFields = [
    "allowPrivilegeEscalation", "appArmorProfile", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem",
    "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile", "windowsOptions",
  ]

  private static func array(_ text: String?, _ flag: String) throws -> [Value] {
    guard let text = text?.nonEmpty else { return [] }
    guard let elements = try tree(text, flag).array else { throw refusal(flag, "an array") }
    return elements
  }

  private static func tree(_ text: String, _ flag: String) throws -> Value {
    do {
      return try Value(yaml: text)
    } catch {
      throw CommandError(.usage, "cannot read \(flag)", cause: "\(error)", hint: "write JSON or YAML")
    }
  }

  private static func refusal(_ flag: String, _ kind: String) -> CommandError {
    CommandError(.usage, "\(flag) is not \(kind)", hint: "write \(kind) in JSON or YAML")
  }
}

/// The flags for images of the jobs on objects (`--pluginImage.…`).
struct PluginImageArguments: ParsableArguments {
  @Option(
    name: .customLong("pluginImage.backupImage"),
    help: ArgumentHelp("No effect yet: image of backup jobs.", valueName: "image"))
  var backup: String?

  @Option(
    name: .customLong("pluginImage.recoverImage"),
    help: ArgumentHelp("No effect yet: image of recovery jobs.", valueName: "image"))
  var recover: String?

  @Option(
    name: .customLong("pluginImage.daskRepartitionImage"),
    help: ArgumentHelp("No effect yet: image of repartition jobs.", valueName: "image"))
  var daskRepartition: String?

  @Option(
    name: .customLong("pluginImage.localAssemblyImage"),
    help: ArgumentHelp("No effect yet: image of local assembly jobs.", valueName: "image"))
  var localAssembly: String?

  @Option(
    name: .customLong("pluginImage.distributedAssemblyImage"),
    help: ArgumentHelp("No effect yet: image of distributed assembly jobs.", valueName: "image"))
  var distributedAssembly: String?

  func apply(to images: inout VineyarddSpec.PluginImages) {
    images.backupImage = backup
    images.recoverImage = recover
    images.daskRepartitionImage = daskRepartition
    images.localAssemblyImage = localAssembly
    images.distributedAssemblyImage = distributedAssembly
  }
}
