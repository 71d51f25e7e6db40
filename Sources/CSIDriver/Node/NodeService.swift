import CSIProtocol
import Coordination
import GRPCCore
import Logging
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

/// Publishes volumes on this node: makes sure that the store serves them and mounts their directories for pods.
///
/// Every call that does something also throws `RPCError` with code `aborted` when another call for the same volume or
/// path takes too long, and `resourceExhausted` without a thread for it; and `CancellationError`.
public struct NodeService: Csi_V1_Node.SimpleServiceProtocol {
  /// Times that a call waits before it fails with the reason.
  public struct Timeouts: Sendable {
    /// Time to wait for a store that does not answer.
    public var store: TimeSpan
    /// Time to wait for other calls for the same volume or path.
    public var lock: TimeSpan

    public init(store: TimeSpan = .seconds(5), lock: TimeSpan = .seconds(30)) {
      self.store = store
      self.lock = lock
    }
  }

  let nodeID: String
  let tree: VolumeTree
  let timeouts: Timeouts
  let log: Logger
  let gateway = StoreGateway(tokens: nil)
  private let workers = WorkerPool(named: "csi-mount", count: 16)
  let volumes = KeyedLock(subject: "volume")
  let targets = KeyedLock(subject: "path")

  /// - Parameters:
  ///   - nodeID: name of the Kubernetes node.
  ///   - socketRoot: directory with `<namespace>/<cluster>/vineyard.sock` of each store of this node.
  public init(nodeID: String, socketRoot: String, timeouts: Timeouts = Timeouts(), log: Logger) {
    self.nodeID = nodeID
    tree = VolumeTree(root: socketRoot)
    self.timeouts = timeouts
    self.log = log
  }

  /// Answers which calls this service takes.
  ///
  /// - Throws: nothing.
  public func nodeGetCapabilities(
    request: Csi_V1_NodeGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetCapabilitiesResponse {
    let types: [Csi_V1_NodeServiceCapability.RPC.TypeEnum] = [
      .stageUnstageVolume, .getVolumeStats, .volumeCondition, .expandVolume, .singleNodeMultiWriter, .volumeMountGroup,
    ]
    return .with { $0.capabilities = types.map { type in .with { $0.rpc = .with { $0.type = type } } } }
  }

  /// Answers name and topology of the node.
  ///
  /// - Throws: nothing.
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

  /// Runs blocking code on a thread of its own.
  ///
  /// - Throws: `CancellationError` when the caller was cancelled before it began, `RPCError` with code
  ///   `resourceExhausted` when there is no thread, and what `body` throws.
  func blocking<Output: Sendable>(
    _ body: @escaping @Sendable () throws(RPCError) -> Output
  ) async throws -> Output {
    do {
      return try await workers.run(body)
    } catch is ProgramError {
      throw RPCError(code: .resourceExhausted, message: "there is no thread for the call, try again later")
    }
  }

  /// Runs a call while no other one works on the same volume or the same path.
  func exclusively<Output: Sendable>(
    _ volume: String, _ target: MountTarget, _ body: () async throws -> Output
  ) async throws -> Output {
    try await volumes.withLock(volume, timeout: timeouts.lock) {
      try await targets.withLock(target.path, timeout: timeouts.lock, body)
    }
  }
}

// MARK: - Staging

/// Staging is what takes long about a volume, done once on a node before any pod waits for its mount: the store has the
/// volume and serves it. Nothing is mounted at the staging path, so there is nothing to undo.
///
/// Publishing does it again: inline volumes are never staged, and the store may have been restarted since.
extension NodeService {
  /// Makes sure that the store has a volume and serves it.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` or `notFound` for a request that makes no sense, `unavailable`
  ///   when the store does not answer or serve in time, or with that of a store that refuses.
  public func nodeStageVolume(
    request: Csi_V1_NodeStageVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeStageVolumeResponse {
    try requireField(request.volumeID, "volume_id")
    try requireField(request.stagingTargetPath, "staging_target_path")
    try requireUsable(request.hasVolumeCapability ? request.volumeCapability : nil)
    let (handle, parameters) = try Publication.volume(request.volumeID, request.volumeContext)
    try await volumes.withLock(request.volumeID, timeout: timeouts.lock) {
      try await retrying {
        try await open(handle, parameters)
        try await blocking { () throws(RPCError) in
          _ = try servedDirectory(handle, parameters.cluster, isReadOnly: false)
        }
      }
    }
    return Csi_V1_NodeStageVolumeResponse()
  }

  /// Undoes nothing, after a check of the request.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request.
  public func nodeUnstageVolume(
    request: Csi_V1_NodeUnstageVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeUnstageVolumeResponse {
    try requireField(request.volumeID, "volume_id")
    try requireField(request.stagingTargetPath, "staging_target_path")
    return Csi_V1_NodeUnstageVolumeResponse()
  }
}

// MARK: - Expanding

extension NodeService {
  /// Gives a published volume the room in the store of this node that its claim has.
  ///
  /// The controller has done that already when it reached the store; then this changes nothing. A volume never shrinks.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, `notFound` for a volume that is not
  ///   published there, `outOfRange` for one that is larger than the limit, or with that of a store that fails.
  public func nodeExpandVolume(
    request: Csi_V1_NodeExpandVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeExpandVolumeResponse {
    try requireField(request.volumeID, "volume_id")
    let size = try RequestedSize(request.capacityRange)
    let capacity = try await volumes.withLock(request.volumeID, timeout: timeouts.lock) {
      let published = try await published(request.volumeID, at: request.volumePath)
      // Without a limit there is nothing to raise, as with the original's mounts.
      guard let name = published.name else { return size.required }
      return try await expand(name, size, in: store(of: published.cluster))
    }
    return .with { $0.capacityBytes = Int64(clamping: capacity) }
  }

  private func expand(_ name: String, _ size: RequestedSize, in store: StoreEndpoint) async throws -> UInt64 {
    let volume: VolumeRecord?
    do {
      volume = try await gateway.ask(store) { (volumes) throws(StoreClientError) in
        let volume = try volumes.inspect(name)
        guard let quota = volume?.limit, quota < size.required else { return volume }
        return try volumes.change(name, VolumeChange(quota: size.required))
      }
    } catch {
      throw error.rpcError
    }
    guard let volume else {
      throw RPCError(code: .notFound, message: "\(store) has no volume '\(name)'")
    }
    guard let quota = volume.limit else { return size.required }
    guard quota <= size.limit ?? .max else {
      throw RPCError(
        code: .outOfRange, message: "the volume has \(quota) bytes, more than the \(size.limit ?? 0) it is limited to")
    }
    return quota
  }
}

// MARK: - Statistics

extension NodeService {
  /// Answers how much of a published volume is used; a store that fails is part of the answer.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, `notFound` for a volume that is not
  ///   published there.
  public func nodeGetVolumeStats(
    request: Csi_V1_NodeGetVolumeStatsRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeGetVolumeStatsResponse {
    try requireField(request.volumeID, "volume_id")
    let published = try await published(request.volumeID, at: request.volumePath)
    let store = store(of: published.cluster)
    do {
      return Self.stats(
        published,
        try await gateway.ask(store) { (volumes) throws(StoreClientError) in
          let volume: VolumeRecord?
          if let name = published.name { volume = try volumes.inspect(name) } else { volume = nil }
          // The list is long where there are many volumes, and most volumes have a limit of their own.
          let needsCapacity = published.name == nil || volume.map { $0.limit == nil } ?? false
          return (volume, needsCapacity ? try volumes.list().capacity : nil)
        })
    } catch {
      let reason = error.isUnreachable ? error.unreachableMessage : error.message
      return Self.stats(nil, abnormal: "\(reason) (hint: programs that use the volume wait for it or fail)")
    }
  }

  /// The volume that is mounted at a path.
  ///
  /// - Throws: `RPCError` with code `notFound` unless it is a volume with this id.
  func published(_ id: String, at path: String) async throws -> PublishedVolume {
    try requireField(path, "volume_path")
    return try await blocking { () throws(RPCError) in
      let table = try mountTable()
      guard let status = try? MountTarget(path, field: "volume_path").status(), status.isMountRoot,
        let entry = table.entry(id: status.mount), let volume = try tree.reader(table)?.volume(entry),
        volume.isMount(of: id)
      else {
        throw RPCError(
          code: .notFound, message: "volume '\(id.prefix(160))' is not published at '\(path.prefix(160))'")
      }
      return volume
    }
  }

  /// - Parameter answer: the volume, nil when the store doesn't know it, and the memory that it shares with others.
  private static func stats(
    _ published: PublishedVolume, _ answer: (volume: VolumeRecord?, capacity: StoreCapacity?)
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    guard !published.isDeleted else {
      return stats(nil, abnormal: "the volume was deleted while it was published (hint: restart the pod)")
    }
    if published.name == nil, let capacity = answer.capacity {
      return stats(used: capacity.used, available: capacity.available)
    }
    guard let volume = answer.volume else {
      return stats(nil, abnormal: "the store has lost the volume and what it held (hint: restart the pod)")
    }
    // What is reserved for a volume is kept free for it.
    let room = volume.locality == .cluster ? answer.capacity?.availableEverywhere : answer.capacity?.available
    let available = volume.limit.map { $0 - min($0, volume.used) } ?? room ?? 0
    var stats = stats(used: volume.used, available: available, objects: volume.objects)
    stats.volumeCondition = .with {
      $0.abnormal = volume.condition.isAbnormal
      $0.message = volume.condition.message
    }
    return stats
  }

  private static func stats(
    used: UInt64, available: UInt64, objects: Int? = nil
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    var answer = stats(
      .with {
        $0.unit = .bytes
        $0.total = Int64(clamping: used + available)
        $0.used = Int64(clamping: used)
        $0.available = Int64(clamping: available)
      }, abnormal: nil)
    // There is no limit to the number of objects; a total of 0 says so.
    if let objects {
      answer.usage.append(
        .with {
          $0.unit = .inodes
          $0.used = Int64(objects)
        })
    }
    return answer
  }

  /// - Parameter usage: nil when it is not known; kubelet takes no answer without one.
  private static func stats(
    _ usage: Csi_V1_VolumeUsage?, abnormal message: String?
  ) -> Csi_V1_NodeGetVolumeStatsResponse {
    .with {
      $0.usage = [usage ?? .with { $0.unit = .bytes }]
      $0.volumeCondition = .with {
        $0.abnormal = message != nil
        $0.message = message ?? ""
      }
    }
  }
}

extension PublishedVolume {
  /// Whether this is where the volume of an id is mounted; the original's mounts show the whole store for any id.
  func isMount(of id: String) -> Bool {
    guard let handle = VolumeHandle(id: id), handle.cluster == nil || handle.cluster == cluster else { return false }
    return name.map { $0 == handle.name } ?? (handle.cluster == nil)
  }
}
