import Documents
import Support

/// A CSI driver: the custom resource `CSIDriver` in types, with the defaults of its definition.
public struct CSIDriverSpec: Sendable, Equatable {
  /// Name of the resource and beginning of the names of its workloads.
  public var name = "csidriver-sample"
  /// The clusters that get a StorageClass.
  public var clusters: [Cluster] = []
  public var image = ImageOptions.vineyardctl
  public var imagePullPolicy = "IfNotPresent"
  /// The registry that replaces that of every image; nil leaves them.
  public var imageRegistry: String?
  /// Controller pods, one of which leads.
  public var replicas = 1
  /// One more StorageClass, of the first cluster; nil for none.
  public var storageClassName: String?
  /// `WaitForFirstConsumer` or `Immediate`.
  public var volumeBindingMode = "WaitForFirstConsumer"
  /// `volume` or `cluster`; nil leaves it to the driver.
  public var scope: String?
  /// `delete` or `retain`; nil leaves it to the driver.
  public var onDelete: String?
  /// The limit of a volume: `request`, `none` or a size; nil leaves it to the driver.
  public var quota: String?
  /// `delete` or `keep`; nil leaves it to the driver.
  public var overwrite: String?
  /// `keep` or `reuse`; nil leaves it to the driver.
  public var deletedMemory: String?
  /// `cluster` or `node`; nil leaves it to the driver.
  public var locality: String?
  /// Root directory of the kubelet on the nodes.
  public var kubeletDirectory = "/var/lib/kubelet"
  /// Whether the node plugin runs on tainted nodes.
  public var enableToleration = false
  /// Whether every call is logged.
  public var enableVerboseLog = false
  /// Nodes on which controller and node plugin may run.
  public var placement = PodPlacement()
  public var sidecar = Sidecar()

  /// The defaults, without a cluster.
  public init() {}

  /// A cluster by namespace and name, and where its volumes differ from those of the driver's other clusters.
  public struct Cluster: Sendable, Equatable {
    public var namespace: String
    public var name: String
    /// nil means that of the driver.
    public var scope: String?
    /// nil means that of the driver.
    public var onDelete: String?
    /// nil means that of the driver.
    public var quota: String?
    /// nil means that of the driver.
    public var overwrite: String?
    /// nil means that of the driver.
    public var deletedMemory: String?
    /// nil means that of the driver.
    public var locality: String?

    public init(namespace: String, name: String) {
      self.namespace = namespace
      self.name = name
    }

    /// Reads `NAMESPACE/NAME`.
    ///
    /// - Throws: `ProgramError` with code `usage`.
    public init(flag text: String) throws {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw ProgramError(
          .usage, "invalid vineyard cluster '\(text)'",
          hint: "write NAMESPACE/NAME, such as vineyard-system/vineyardd-sample")
      }
      self.init(namespace: String(parts[0]), name: String(parts[1]))
    }

    /// The name of the cluster's StorageClass.
    public var storageClassName: String { "\(namespace).\(name).csi" }
  }

  /// `spec.sidecar`: the containers of Kubernetes beside the driver. The releases are the newest that run on
  /// Kubernetes 1.25; provisioner 6 and resizer 2 demand 1.34 (their release notes).
  public struct Sidecar: Sendable, Equatable {
    public var provisionerImage = "registry.k8s.io/sig-storage/csi-provisioner:v5.3.0"
    public var resizerImage = "registry.k8s.io/sig-storage/csi-resizer:v1.14.0"
    /// Without effect: the volumes need no attaching.
    public var attacherImage: String?
    public var nodeRegistrarImage = "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.18.0"
    public var livenessProbeImage = "registry.k8s.io/sig-storage/livenessprobe:v2.20.0"
    public var snapshotterImage = "registry.k8s.io/sig-storage/csi-snapshotter:v8.6.0"
    public var imagePullPolicy = "IfNotPresent"
    /// Whether pods are only placed where there is a store with room.
    public var enableTopology = true
    /// Whether there is a snapshotter, and a VolumeSnapshotClass for each cluster.
    public var enableSnapshots = false

    public init() {}
  }
}
