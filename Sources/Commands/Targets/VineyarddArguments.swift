import ArgumentParser
import Deployer
import Manifests
import Support

/// The flags that describe a cluster.
struct VineyarddArguments: ParsableArguments {
  static let defaultName = "vineyardd-sample"

  @Option(help: ArgumentHelp("Name of the cluster.", valueName: "name"))
  var name = Self.defaultName

  @Option(help: "Number of stores, each on a node of its own; default: as deployed, else one per usable node up to 3.")
  var replicas: Int?

  @Option(name: .customLong("etcd.replicas"), help: "Number of etcd members.")
  var etcdReplicas = 1

  @OptionGroup var store: StoreArguments
  @OptionGroup var spill: SpillArguments
  @OptionGroup var pod: PodArguments

  @Flag(name: .customLong("vineyardd.metric.enable"), inversion: .prefixedNo, help: "Offer the metrics to Prometheus.")
  var enablesMetrics = false

  @Option(
    name: .customLong("vineyardd.metric.image"),
    help: ArgumentHelp("Without effect: stores serve metrics themselves.", valueName: "image"))
  var metricImage: String?

  @Option(
    name: .customLong("vineyardd.metric.imagePullPolicy"),
    help: ArgumentHelp("Without effect, as above.", valueName: "policy"))
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
      hint: "give 1 or more; 'vineyardctl delete vineyard-cluster' removes a cluster")
  }

  /// The cluster that the flags describe, not yet checked as a whole.
  ///
  /// - Throws: `CommandError` with code `usage` for flags that cannot be read.
  func spec(_ setting: Setting, image: ImageOptions, replicas: Int, standardInput: Bool = false) throws
    -> VineyarddSpec
  {
    var spec = VineyarddSpec()
    spec.name = name
    spec.namespace = setting.namespace
    spec.replicas = replicas
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
    try spill.apply(to: &spec.store.spill, standardInput: standardInput ? try setting.readFile("-") : nil)
    try pod.apply(to: &spec)
    plugins.apply(to: &spec.pluginImage)
    spec.placement = try placement.placement()
    for option in spec.idleOptions { setting.story.tell(.warning, "\(option.flag) has no effect: \(option.reason)") }
    return spec
  }
}
