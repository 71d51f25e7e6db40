import Glibc
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Progress of a store that joins others.
public enum SharingProgress: Sendable {
  /// It goes on trying; the reason is for people.
  case waiting(ProgramError)
  /// It has an instance id. The function makes the backend on the thread that owns the store, before anybody is
  /// connected; it is given one that has the loop look for news, callable from any thread.
  case joined(@Sendable (Store, @escaping @Sendable () -> Void) -> any MetadataBackend)
  /// It gives up.
  case failed(ProgramError)
}

/// Begins to join those that share objects and names, with what others are to know of the store. The progress is told
/// on any thread.
public typealias MetadataSharing = @Sendable (InstanceRecord, @escaping @Sendable (SharingProgress) -> Void) -> Void

/// Settings of the daemon.
public struct ServerConfiguration: Sendable {
  /// Path of the IPC socket.
  public var socketPath: String
  /// Permission bits of the IPC socket.
  public var socketMode: mode_t = 0o770
  /// Group of the IPC socket, nil to leave it.
  public var socketGroup: gid_t?
  /// TCP port for clients on other hosts, 0 for a free one, nil for none.
  public var rpcPort: UInt16?
  /// Address of the RPC listener, nil for every address of the machine.
  public var rpcHost: String? = "127.0.0.1"
  /// Address of the metrics, nil for every address of the machine.
  public var metricsHost: String? = "127.0.0.1"
  /// HTTP port of the metrics, 0 for a free one, nil for none.
  public var metricsPort: UInt16?
  /// Password file in the manner of `htpasswd`, nil for no authentication.
  public var htpasswd: String?
  /// File with the token for requests about volumes over TCP, nil to refuse them there.
  public var adminTokenFile: String?
  /// Whether volumes that a pod describes itself may reach the objects of the store.
  public var allowsClusterScope = false
  /// Bytes that blobs may take, nil for as much as is sensible here.
  public var memoryLimit: UInt64?
  /// Path of the pod's memory volume, which need not exist; nil outside of Kubernetes.
  public var memoryVolume: String?
  /// Bytes that the container may use, or the node has for pods; nil where nobody says.
  public var nodeMemory: UInt64?
  /// Ledger of the machine, in which its stores write down what they may take; nil where somebody else shares it out.
  public var memoryLedger: MemoryLedger?
  public var hugePages = HugePagePolicy.auto
  public var populate = PopulateMode.ahead
  /// Percentage of the memory that streams may fill.
  public var streamThreshold: UInt64 = 80
  /// Treatment of an object outside of volumes when its name is given to another.
  public var overwrite = OverwritePolicy.keep
  /// Treatment of the memory of deleted objects outside of volumes that clients were given.
  public var deletedMemory = DeletedMemoryPolicy.reuse
  /// Echoed to clients.
  public var deployment = "local"
  public var hostname = "localhost"
  /// Host part of the advertised RPC endpoint, nil for `hostname`.
  public var endpointHost: String?
  public var nodename = "localhost"
  /// User in the metrics lines of the log, nil for no such lines.
  public var metricsUser: String?
  /// Number of lines of the log that nobody read in time.
  public var droppedLogLines: @Sendable () -> UInt64 = { 0 }
  /// Time for which a session waits for its first connection.
  public var sessionGrace = TimeSpan.seconds(60)
  /// Time without a byte after which another store counts as dead.
  public var peerTimeout = TimeSpan.seconds(10)
  /// Certificates for connections to other stores, nil for none.
  public var peerTLS: PeerTLS?
  /// Joins those that share objects and names; nil for a store that keeps them in its memory alone.
  public var sharing: MetadataSharing?
  /// Version told to clients.
  public var version: String

  public init(socketPath: String, version: String) {
    self.socketPath = socketPath
    self.version = version
  }
}
