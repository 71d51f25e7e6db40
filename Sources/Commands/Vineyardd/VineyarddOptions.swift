import Glibc
import Support

/// Everything the daemon needs to know to start, in the units it works in.
public struct VineyarddOptions: Sendable, Equatable {
  /// Path of the IPC socket.
  public var socketPath: String
  /// Permission bits of the IPC socket.
  public var socketMode: mode_t
  /// Group of the IPC socket, nil to leave it.
  public var socketGroup: gid_t?
  /// TCP port for clients on other hosts, 0 for a free one, nil for no listener.
  public var rpcPort: UInt16?
  /// Address of the RPC listener, nil for every address of the machine.
  public var rpcHost: String?
  /// Host part of the advertised RPC endpoint, nil for `hostname`.
  public var endpointHost: String?
  /// Address of the metrics, nil for every address of the machine.
  public var metricsHost: String?
  /// HTTP port of `/metrics` and the health checks, nil for none.
  public var metricsPort: UInt16?
  /// Password file of the clients, nil for no authentication.
  public var htpasswd: String?
  /// File with the token for requests about volumes over TCP, nil to refuse them there.
  public var adminTokenFile: String?
  /// Whether inline volumes of pods may reach the objects of the store.
  public var allowsClusterScope: Bool
  /// The etcd that holds the metadata; nil for the memory of the daemon.
  public var etcd: EtcdOptions?

  /// Most memory for objects in bytes; nil means the limit of the container or the machine.
  public var memoryLimit: UInt64?
  /// Where the pod's memory volume would be mounted, nil outside of Kubernetes.
  public var memoryVolume: String?
  /// Bytes that the downward API says the container may use, nil when it says nothing.
  public var nodeMemory: UInt64?
  /// Pages behind the objects.
  public var hugePages: HugePages
  /// Memory made ready before a client touches it.
  public var populate: Populate
  /// The fate of memory of deleted objects that clients were given, outside of volumes.
  public var deletedMemory: DeletedMemory
  /// The fate of an object outside of volumes when its name is given to another.
  public var overwrite: Overwrite
  /// Share of the memory that streams may fill, in percent.
  public var streamThreshold: Int

  /// How the instance says it is deployed.
  public var deployment: Deployment
  /// Host part of the advertised RPC endpoint: `MY_HOST_NAME`, else the host's name.
  public var hostname: String
  /// Name of the Kubernetes node: `MY_NODE_NAME`, else `hostname`.
  public var nodename: String

  /// Least severe lines to log.
  public var logLevel: Log.Level
  /// Whether metrics are printed in the log.
  public var logsMetrics: Bool
  /// The user in lines of metrics.
  public var metricsUser: String
  /// Whether a crash leaves a core dump.
  public var dumpsCore: Bool

  /// Warnings to log before starting.
  var warnings: [String] = []
}
