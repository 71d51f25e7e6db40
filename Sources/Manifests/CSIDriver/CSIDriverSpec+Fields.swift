import Documents
import Support

extension CSIDriverSpec: FieldTable {
  public static let fields: [Field<CSIDriverSpec>] =
    driverFields + PodPlacement.fields(of: "the driver").map { $0.lifted(to: \.placement) } + sidecarFields

  private static let driverFields: [Field<CSIDriverSpec>] = [
    Field(
      "clusters", \.clusters, .clusters, "The clusters that get a StorageClass.",
      flag: FieldFlag(
        "clusters", "namespace/name", "Clusters to serve; repeatable, or separated by commas.")),
    Field("image", \.image, .image("image"), "Image of the driver.", otherFlags: ["image"]),
    Field(
      "imagePullPolicy", \.imagePullPolicy, .pullPolicy("image"), "When nodes pull the image.",
      otherFlags: ["imagePullPolicy"]),
    Field(
      "imageRegistry", \.imageRegistry, .optionalText(0...255) { try Rule.registry($0) },
      "Replaces the registry of every image, such as mirror.example.com:5000/proxy.", otherFlags: ["image-registry"]),
    Field(
      "storageClassName", \.storageClassName,
      .optionalText(0...253) { try Rule.subdomain($0, "storage class name") },
      "Another StorageClass of this name for the first cluster, besides namespace.name.csi of each.",
      flag: FieldFlag("storageClassName", "name", "One more storage class, of the first cluster.", letter: "s")),
    Field(
      "volumeBindingMode", \.volumeBindingMode,
      .oneOf(["WaitForFirstConsumer", "Immediate"], "volume binding mode"),
      "When a volume is made, on the first use or at once.",
      flag: FieldFlag("volumeBindingMode", "mode", "WaitForFirstConsumer or Immediate.", letter: "m")),
    Field(
      "enableToleration", \.enableToleration, .boolean(), "Whether the node plugin runs on tainted nodes too.",
      flag: FieldFlag("enableToleration", "Run the node plugin on tainted nodes, too.")),
    Field("enableVerboseLog", \.enableVerboseLog, .boolean(), "Whether every call is logged.", otherFlags: ["verbose"]),
    Field(
      "scope", \.scope, .scope,
      "Whether a volume has objects and names of its own (volume) or shares those of the cluster.",
      flag: FieldFlag(
        "scope", "volume|cluster",
        "What volumes of one cluster share: nothing (volume) or all names (cluster).")),
    Field(
      "onDelete", \.onDelete, .deletionPolicy, "What becomes of a volume's objects when it is deleted.",
      flag: FieldFlag("on-delete", "delete|retain", "What becomes of the objects of a deleted volume.")),
    Field(
      "quota", \.quota, .quota,
      "How many bytes a volume holds at most, what its claim requests (request), any number (none), or a size such as "
        + "4Gi.",
      flag: FieldFlag(
        "quota", "request|none|size",
        "What a volume may hold: what its claim requests (the default), none for no limit, or a size such as 4Gi.")),
    Field(
      "overwrite", \.overwrite, .overwritePolicy,
      "What becomes of an object when its name is given to another, whether it goes (delete) or stays as with the "
        + "original (keep).",
      flag: FieldFlag(
        "overwrite", "delete|keep",
        "What becomes of an object when its name is given to another: it goes (delete, the default with scope volume) "
          + "or stays as with the original (keep).")),
    Field(
      "deletedMemory", \.deletedMemory, .deletedMemoryPolicy,
      "Whether memory of deleted objects stays with the clients that map it (keep), or is used again when there is no "
        + "other (reuse).",
      flag: FieldFlag(
        "deleted-memory", "keep|reuse",
        "Memory of deleted objects that clients still map: it is theirs (keep, the default with scope volume), or is "
          + "used again when there is no other (reuse).")),
    Field(
      "locality", \.locality, .locality,
      "Whether pods use a volume on every node with a store (cluster) or on one node (node). Left out, on every node if "
        + "the stores share metadata; volumes whose access modes are for one node are on one.",
      flag: FieldFlag(
        "locality", "cluster|node",
        "Where pods use a volume: on every node with a store (cluster, the default if the stores share metadata) or on "
          + "one (node).")),
    Field(
      "kubeletDirectory", \.kubeletDirectory, .text(0...512) { try Rule.path($0, "kubelet directory") },
      "Root directory of the kubelet on the nodes.", schema: ["pattern": "^/.*[^/]$"],
      flag: FieldFlag(
        "kubelet-directory", "directory",
        "Root directory of the kubelet on the nodes; default: what the nodes say, else "
          + "\(CSIDriverSpec().kubeletDirectory).", showsDefault: false)),
    Field(
      "replicas", \.replicas, .integer(1...9, "number of controller replicas"),
      "Controller pods, one of which leads.",
      flag: FieldFlag("controller.replicas", "Number of controllers, one of which leads.")),
  ]

  /// The fields of `spec.sidecar`.
  private static let sidecarFields: [Field<CSIDriverSpec>] = [
    Field(
      "sidecar.provisionerImage", \.sidecar.provisionerImage, .image("provisioner image"), "Image of the provisioner.",
      flag: FieldFlag("provisionerImage", "image", "Image of the provisioner.")),
    Field(
      "sidecar.resizerImage", \.sidecar.resizerImage, .image("resizer image"), "Image of the resizer.",
      flag: FieldFlag("resizerImage", "image", "Image of the resizer.")),
    Field(
      "sidecar.attacherImage", \.sidecar.attacherImage, .optionalText(0...512),
      "Without effect, since these volumes need no attaching; kept for manifests written for 0.24.",
      flag: FieldFlag("attacherImage", "image", "Without effect: volumes need no attaching.")),
    Field(
      "sidecar.nodeRegistrarImage", \.sidecar.nodeRegistrarImage, .image("node registrar image"),
      "Image of the registrar.", flag: FieldFlag("nodeRegistrarImage", "image", "Image of the registrar.")),
    Field(
      "sidecar.livenessProbeImage", \.sidecar.livenessProbeImage, .image("liveness probe image"),
      "Image of the liveness probe.", flag: FieldFlag("livenessProbeImage", "image", "Image of the liveness probe.")),
    Field(
      "sidecar.snapshotterImage", \.sidecar.snapshotterImage, .image("snapshotter image"), "Image of the snapshotter.",
      flag: FieldFlag("snapshotterImage", "image", "Image of the snapshotter.")),
    Field(
      "sidecar.imagePullPolicy", \.sidecar.imagePullPolicy, .pullPolicy("sidecar image"),
      "When nodes pull these images.",
      flag: FieldFlag("sidecar.imagePullPolicy", "policy", "When nodes pull them.")),
    Field(
      "sidecar.enableTopology", \.sidecar.enableTopology, .boolean(),
      "Whether pods are only placed on nodes with a store, with room for their volumes.",
      flag: FieldFlag("sidecar.enableTopology", "Place pods only where there is a store with room.")),
    Field(
      "sidecar.enableSnapshots", \.sidecar.enableSnapshots, .boolean(),
      "Whether snapshots can be taken, which needs the definitions and the controller of VolumeSnapshots in the cluster.",
      flag: FieldFlag(
        "sidecar.enableSnapshots",
        "Take snapshots, if the cluster has the definitions and the controller of VolumeSnapshots.")),
  ]
}

extension CSIDriverSpec.Cluster: FieldTable {
  public static let fields: [Field<Self>] = [
    Field("namespace", \.namespace, .objectName("namespace of a vineyard cluster"), "Namespace of the cluster."),
    Field("name", \.name, .objectName("name of a vineyard cluster"), "Name of the cluster."),
    Field("scope", \.scope, .scope, "The scope of this cluster's volumes, if not that of the driver."),
    Field(
      "onDelete", \.onDelete, .deletionPolicy,
      "What becomes of the objects of this cluster's volumes, if not as with the driver."),
    Field("quota", \.quota, .quota, "The limit of this cluster's volumes, if not that of the driver."),
    Field(
      "overwrite", \.overwrite, .overwritePolicy,
      "What becomes of an object of this cluster's volumes when its name is given to another, if not as with the driver."
    ),
    Field(
      "deletedMemory", \.deletedMemory, .deletedMemoryPolicy,
      "What becomes of the memory of deleted objects of this cluster's volumes, if not as with the driver."),
    Field(
      "locality", \.locality, .locality, "Where pods use this cluster's volumes, if not as with the driver."),
  ]

  /// A cluster without a name, which is none yet.
  public init() { self.init(namespace: "", name: "") }
}

extension FieldFormat where Content == [CSIDriverSpec.Cluster] {
  fileprivate static var clusters: Self {
    .list(
      keys: ["namespace", "name"], schema: ["minItems": 1, "maxItems": 256], omitsEmpty: false,
      text: { $0 == Content.Element(namespace: $0.namespace, name: $0.name) ? "\($0.namespace)/\($0.name)" : nil },
      element: { try CSIDriverSpec.Cluster(flag: $0) })
  }
}

extension FieldFormat where Content == String {
  /// The name of an object, which a resource must say.
  fileprivate static func objectName(_ name: String) -> Self {
    var format = text(0...63, hasDefault: false) { try Rule.name($0, name) }
    format.schema["pattern"] = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
    return format
  }
}

extension FieldFormat where Content == String? {
  /// Set of objects that volumes share.
  fileprivate static var scope: Self { .optionalOneOf(["volume", "cluster"], "scope") }

  /// Treatment of the objects of a deleted volume.
  fileprivate static var deletionPolicy: Self { .optionalOneOf(["delete", "retain"], "deletion policy") }

  /// Nodes on which pods use a volume.
  fileprivate static var locality: Self { .optionalOneOf(["cluster", "node"], "locality") }

  /// The limit of a volume.
  fileprivate static var quota: Self {
    var format = optionalText(0...32) { try Rule.quota($0) }
    format.schema["pattern"] = #"^(request|none|[0-9]+(\.[0-9]+)?([KMGTPE]i|[kMGTPE]|[eE][0-9]+)?)$"#
    return format
  }
}
