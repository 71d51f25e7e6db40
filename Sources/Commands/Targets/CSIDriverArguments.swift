import ArgumentParser
import Manifests

/// The flags that describe a CSI driver.
struct CSIDriverArguments: ParsableArguments {
  static let defaultName = CSIDriverSpec().name

  @Option(help: ArgumentHelp("Name of the driver.", valueName: "name"), completion: .drivers)
  var name = Self.defaultName

  @Option(
    help: ArgumentHelp("Clusters to serve; repeatable, or separated by commas.", valueName: "namespace/name"),
    completion: .clusters)
  var clusters: [String] = []

  @Option(
    name: [.customShort("s"), .customLong("storageClassName")],
    help: ArgumentHelp("One more storage class, of the first cluster.", valueName: "name"))
  var storageClassName: String?

  @Option(
    name: [.customShort("m"), .customLong("volumeBindingMode")],
    help: ArgumentHelp("WaitForFirstConsumer or Immediate.", valueName: "mode"))
  var volumeBindingMode = CSIDriverSpec().volumeBindingMode

  @Flag(
    name: .customLong("enableToleration"), inversion: .prefixedNo, help: "Run the node plugin on tainted nodes, too.")
  var enablesToleration = false

  @Option(
    help: ArgumentHelp(
      "What volumes of one cluster share: nothing (volume) or all names (cluster).", valueName: "volume|cluster"))
  var scope: String?

  @Option(
    name: .customLong("on-delete"),
    help: ArgumentHelp("What becomes of the objects of a deleted volume.", valueName: "delete|retain"))
  var onDelete: String?

  @Option(
    help: ArgumentHelp(
      "What a volume may hold: what its claim requests (the default), none for no limit, or a size such as 4Gi.",
      valueName: "request|none|size"))
  var quota: String?

  @Option(
    help: ArgumentHelp(
      "What becomes of an object when its name is given to another: it goes (delete, the default with scope volume) or "
        + "stays as with the original (keep).", valueName: "delete|keep"))
  var overwrite: String?

  @Option(
    name: .customLong("deleted-memory"),
    help: ArgumentHelp(
      "Memory of deleted objects that clients still map: it is theirs (keep, the default with scope volume), or is "
        + "used again when there is no other (reuse).", valueName: "keep|reuse"))
  var deletedMemory: String?

  @Option(
    name: .customLong("kubelet-directory"),
    help: ArgumentHelp(
      "Root directory of the kubelet on the nodes; default: what the nodes say, else \(CSIDriverSpec().kubeletDirectory).",
      valueName: "directory"))
  var kubeletDirectory: String?

  @Option(name: .customLong("controller.replicas"), help: "Number of controllers, one of which leads.")
  var replicas = CSIDriverSpec().replicas

  @OptionGroup var placement: PlacementArguments

  /// The clusters in order.
  ///
  /// - Throws: `CommandError` with code `usage` for one that is not `namespace/name`.
  func clusterList() throws -> [CSIDriverSpec.Cluster] {
    try clusters.map { try CSIDriverSpec.Cluster(flag: $0) }
  }

  /// The driver that the flags describe, without its sidecars.
  func spec(_ image: ImageOptions, isVerbose: Bool) throws -> CSIDriverSpec {
    var spec = CSIDriverSpec()
    spec.name = name
    spec.clusters = try clusterList()
    spec.image = image.image
    spec.imagePullPolicy = image.pullPolicy
    spec.imageRegistry = image.registry
    spec.replicas = replicas
    spec.storageClassName = storageClassName
    spec.volumeBindingMode = volumeBindingMode
    spec.scope = scope
    spec.onDelete = onDelete
    spec.quota = quota
    spec.overwrite = overwrite
    spec.deletedMemory = deletedMemory
    spec.kubeletDirectory = kubeletDirectory ?? spec.kubeletDirectory
    spec.enableToleration = enablesToleration
    spec.enableVerboseLog = isVerbose
    spec.placement = try placement.placement()
    return spec
  }
}

/// The flags for the containers of Kubernetes beside the driver.
struct SidecarArguments: ParsableArguments {
  private static let defaults = CSIDriverSpec().sidecar

  @Option(name: .customLong("provisionerImage"), help: ArgumentHelp("Image of the provisioner.", valueName: "image"))
  var provisionerImage = Self.defaults.provisionerImage

  @Option(name: .customLong("resizerImage"), help: ArgumentHelp("Image of the resizer.", valueName: "image"))
  var resizerImage = Self.defaults.resizerImage

  @Option(
    name: .customLong("attacherImage"),
    help: ArgumentHelp("Without effect: volumes need no attaching.", valueName: "image"))
  var attacherImage: String?

  @Option(name: .customLong("nodeRegistrarImage"), help: ArgumentHelp("Image of the registrar.", valueName: "image"))
  var nodeRegistrarImage = Self.defaults.nodeRegistrarImage

  @Option(
    name: .customLong("livenessProbeImage"), help: ArgumentHelp("Image of the liveness probe.", valueName: "image"))
  var livenessProbeImage = Self.defaults.livenessProbeImage

  @Option(
    name: .customLong("snapshotterImage"), help: ArgumentHelp("Image of the snapshotter.", valueName: "image"))
  var snapshotterImage = Self.defaults.snapshotterImage

  @Option(
    name: .customLong("sidecar.imagePullPolicy"), help: ArgumentHelp("When nodes pull them.", valueName: "policy"))
  var imagePullPolicy = Self.defaults.imagePullPolicy

  @Flag(
    name: .customLong("sidecar.enableTopology"), inversion: .prefixedNo,
    help: "Place pods only where there is a store with room.")
  var enablesTopology = true

  @Flag(
    name: .customLong("sidecar.enableSnapshots"), inversion: .prefixedNo,
    help: "Take snapshots, if the cluster has the definitions and the controller of VolumeSnapshots.")
  var enablesSnapshots = false

  func apply(to sidecar: inout CSIDriverSpec.Sidecar) {
    sidecar.provisionerImage = provisionerImage
    sidecar.resizerImage = resizerImage
    sidecar.attacherImage = attacherImage
    sidecar.nodeRegistrarImage = nodeRegistrarImage
    sidecar.livenessProbeImage = livenessProbeImage
    sidecar.snapshotterImage = snapshotterImage
    sidecar.imagePullPolicy = imagePullPolicy
    sidecar.enableTopology = enablesTopology
    sidecar.enableSnapshots = enablesSnapshots
  }
}
