import Documents

/// A cluster: the custom resource `Vineyardd` in types, with the defaults of its definition.
public struct VineyarddSpec: Sendable, Equatable {
  /// Name of the cluster, of its Deployment, and the beginning of all other names.
  public var name = "vineyardd-sample"
  /// Namespace of the cluster.
  public var namespace = "vineyard-system"
  /// Stores, each on a node of its own.
  public var replicas = 3
  /// Members of etcd.
  public var etcdReplicas = 1
  /// The registry that replaces that of every image; nil leaves them.
  public var imageRegistry: String?
  /// The Service in front of the RPC ports.
  public var service = Service()
  /// The store.
  public var store = Store()
  /// The etcd.
  public var etcd = Etcd()
  /// Images of the jobs on objects; nil means the defaults of whoever runs them.
  public var pluginImage = PluginImages()
  /// Metrics for Prometheus.
  public var metric = Metric()
  /// A claim for the socket instead of a directory of the node.
  public var volume = SocketVolume()
  /// Fields of the store container's security context, over those it has by itself.
  public var securityContext: Value?
  /// Whether inline volumes of pods may reach the objects of the stores (`scope: cluster`).
  public var allowClusterScope = false
  /// More volumes of the store's pod.
  public var volumes: [Value] = []
  /// More mounts of the store's container.
  public var volumeMounts: [Value] = []
  /// Nodes on which the stores may run.
  public var placement = PodPlacement()
  /// Priority class of the stores.
  public var priorityClassName: String?

  /// The defaults.
  public init() {}

  /// `spec.service`.
  public struct Service: Sendable, Equatable {
    /// `ClusterIP`, `NodePort` or `LoadBalancer`.
    public var type = "ClusterIP"
    /// Port of the Service; the stores listen on 9600.
    public var port = 9600

    public init() {}
  }

  /// `spec.etcd`.
  public struct Etcd: Sendable, Equatable {
    public var image = "registry.k8s.io/etcd:3.6.10-0"
    public var imagePullPolicy = "IfNotPresent"
    /// Size of a member's claim; nil keeps the data in the pod.
    public var storageSize: String?
    /// Class of the claim; nil means the cluster's default class.
    public var storageClassName: String?

    public init() {}
  }

  /// `spec.pluginImage`.
  public struct PluginImages: Sendable, Equatable {
    public var backupImage: String?
    public var recoverImage: String?
    public var daskRepartitionImage: String?
    public var localAssemblyImage: String?
    public var distributedAssemblyImage: String?

    public init() {}
  }

  /// `spec.metric`.
  public struct Metric: Sendable, Equatable {
    /// Whether a Service with annotations for Prometheus is made.
    public var enable = false
    /// Without effect: the stores serve metrics themselves.
    public var image: String?
    /// Without effect, as `image`.
    public var imagePullPolicy: String?

    public init() {}
  }

  /// `spec.volume`.
  public struct SocketVolume: Sendable, Equatable {
    /// The claim; empty means a directory of the node.
    public var pvcName = ""
    /// Path at which it is mounted; empty means `/var/run`.
    public var mountPath = ""

    public init() {}
  }
}
