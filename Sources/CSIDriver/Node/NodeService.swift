import CSIProtocol
import GRPCCore
import Support
import SwiftProtobuf

/// Publishes volumes on this node: makes sure that the store serves them and mounts their directories for pods.
public struct NodeService: Csi_V1_Node.SimpleServiceProtocol {
  /// How long a call waits before it says what is missing.
  public struct Patience: Sendable {
    /// For a store that does not answer.
    public var store: TimeSpan
    /// For other calls for the same volume or path.
    public var lock: TimeSpan

    public init(store: TimeSpan = .seconds(5), lock: TimeSpan = .seconds(30)) {
      self.store = store
      self.lock = lock
    }
  }

  let nodeID: String
  let tree: VolumeTree
  let patience: Patience
  let log: Log
  let gateway = StoreGateway(tokens: nil)
  let work = BlockingWork()
  let volumes = KeyedLock("volume")
  let targets = KeyedLock("path")

  /// - Parameters:
  ///   - nodeID: name of the Kubernetes node.
  ///   - socketRoot: directory with `<namespace>/<cluster>/vineyard.sock` of each store of this node.
  public init(nodeID: String, socketRoot: String, patience: Patience = Patience(), log: Log) {
    self.nodeID = nodeID
    tree = VolumeTree(root: socketRoot)
    self.patience = patience
    self.log = log
  }

  public func nodeGetCapabilities(
    request: Csi_V1_NodeGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetCapabilitiesResponse {
    let types: [Csi_V1_NodeServiceCapability.RPC.TypeEnum] = [
      .stageUnstageVolume, .getVolumeStats, .volumeCondition, .expandVolume, .singleNodeMultiWriter, .volumeMountGroup,
    ]
    return .with { $0.capabilities = types.map { type in .with { $0.rpc = .with { $0.type = type } } } }
  }

  public func nodeGetInfo(
    request: Csi_V1_NodeGetInfoRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetInfoResponse {
    .with {
      $0.nodeID = nodeID
      $0.accessibleTopology = NodeTopology.topology(nodeID)
    }
  }

  /// The store of a cluster on this node.
  func store(of cluster: ClusterName) -> StoreEndpoint {
    StoreEndpoint(
      cluster: cluster, node: nodeID, address: LocalStores.address(of: cluster, root: tree.root), isReady: true)
  }

  /// Runs a call while no other one works on the same volume or the same path.
  func exclusively<Output: Sendable>(
    _ volume: String, _ target: MountTarget, _ body: () async throws -> Output
  ) async throws -> Output {
    try await volumes.withLock(volume, timeout: patience.lock) {
      try await targets.withLock(target.path, timeout: patience.lock, body)
    }
  }
}
