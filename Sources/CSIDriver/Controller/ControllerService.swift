import CSIProtocol
import Coordination
import GRPCCore
import KubernetesClient
import Logging
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

/// Makes, changes and deletes volumes and snapshots; they are where the stores are, and nothing is kept here.
///
/// Every call that asks stores also throws `RPCError` with code `deadlineExceeded` when it takes too long, `aborted`
/// behind another call for the same volume or snapshot, and `unavailable` when the stores cannot be listed; and
/// `CancellationError`.
public struct ControllerService: Csi_V1_Controller.SimpleServiceProtocol {
  /// Callers give a call 30 seconds and like to hear why it takes longer.
  private static let callTimeout: Duration = .seconds(25)

  let directory: any StoreDirectory
  let gateway: StoreGateway
  let rooms: ClusterRooms
  let pinnedRefusals = PinnedRefusals()
  let originals: OriginalVolumes
  let log: Logger
  /// Time that a call waits for others on the same volume.
  private let lockTimeout: TimeSpan
  private let volumes = KeyedLock(subject: "volume")
  private let snapshots = KeyedLock(subject: "snapshot")

  init(
    directory: any StoreDirectory, tokens: AdminTokens? = nil, originals: OriginalVolumes = .none,
    lockTimeout: TimeSpan = .seconds(15), log: Logger
  ) {
    self.directory = directory
    gateway = StoreGateway(tokens: tokens)
    rooms = ClusterRooms(directory, gateway)
    self.originals = originals
    self.lockTimeout = lockTimeout
    self.log = log
  }

  /// - Parameters:
  ///   - client: tells where the stores are; nil for those of this machine alone.
  ///   - nodeID: name of this node.
  ///   - socketRoot: directory with `<namespace>/<cluster>/vineyard.sock` of each store of this machine.
  ///   - stateFile: of the original driver.
  init(client: KubernetesClient?, nodeID: String, socketRoot: String, stateFile: String?, log: Logger) {
    let originals = stateFile.map { OriginalVolumes.read($0, log: log) } ?? .none
    guard let client else {
      self.init(directory: LocalStores(root: socketRoot, node: nodeID), originals: originals, log: log)
      return
    }
    self.init(
      directory: KubernetesStores(client: client, node: nodeID, socketRoot: socketRoot),
      tokens: AdminTokens(client: client), originals: originals, log: log)
  }

  /// Answers a call, or says that it takes too long.
  func answer<Answer: Sendable>(
    _ context: ServerContext, _ work: @escaping @Sendable () async throws -> Answer
  ) async throws -> Answer {
    let method = context.descriptor.method
    let late = RPCError.late("\(method) takes longer than \(Self.callTimeout)")
    return try await withTimeout(Self.callTimeout, throwing: late, work)
  }

  /// Does something that no other call may interfere with.
  func exclusively<Answer: Sendable>(
    _ kind: VolumeKind, _ handle: VolumeHandle, _ work: () async throws -> Answer
  ) async throws -> Answer {
    let locks = kind == .volume ? volumes : snapshots
    return try await locks.withLock(handle.description, timeout: lockTimeout, work)
  }
}

// MARK: - Finding volumes

extension ControllerService {
  /// Asks stores for a volume or snapshot.
  func search(_ name: String, _ kind: VolumeKind, in stores: [StoreEndpoint]) async -> VolumeSearch {
    VolumeSearch(
      await gateway.askAll(stores) { client throws(StoreClientError) in try client.inspect(name, kind: kind) })
  }

  /// Finds a volume or snapshot.
  ///
  /// - Throws: `RPCError` with code `notFound`, or that of the stores which may have it and don't say so.
  func locate(_ id: String, _ kind: VolumeKind) async throws -> LocatedVolume {
    try requireField(id, "the id of the \(kind.rawValue)")
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, kind) }
    let search = await search(handle.name, kind, in: try await directory.stores(of: handle.cluster))
    if let volume = search.located.first { return volume }
    throw search.replies.rpcError ?? Self.unknown(id, kind)
  }

  /// The error for a volume or snapshot that is nowhere.
  static func unknown(_ id: String, _ kind: VolumeKind) -> RPCError {
    RPCError(code: .notFound, message: "\(kind.rawValue) '\(id.prefix(160))' does not exist")
  }
}

// MARK: - Capabilities and attachments

extension ControllerService {
  private static let capabilities: [Csi_V1_ControllerServiceCapability.RPC.TypeEnum] = [
    .createDeleteVolume, .listVolumes, .getCapacity, .createDeleteSnapshot, .listSnapshots, .cloneVolume,
    .expandVolume, .volumeCondition, .getVolume, .singleNodeMultiWriter, .getSnapshot, .modifyVolume,
  ]

  /// Answers which calls this service takes.
  ///
  /// - Throws: nothing.
  public func controllerGetCapabilities(
    request: Csi_V1_ControllerGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerGetCapabilitiesResponse {
    .with {
      $0.capabilities = Self.capabilities.map { type in .with { $0.rpc = .with { $0.type = type } } }
    }
  }
}

/// A volume is on its node already, so there is nothing to attach, and the driver doesn't say that there were.
///
/// A cluster that comes from the original has attachments all the same: they are answered until they are gone.
extension ControllerService {
  /// Attaches nothing, after a check of the request.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, `notFound` for an id that cannot be one
  ///   of this driver's.
  public func controllerPublishVolume(
    request: Csi_V1_ControllerPublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerPublishVolumeResponse {
    try requireField(request.volumeID, "volume_id")
    try requireField(request.nodeID, "node_id")
    try requireUsable(request.hasVolumeCapability ? request.volumeCapability : nil)
    guard VolumeHandle(id: request.volumeID) != nil else { throw Self.unknown(request.volumeID, .volume) }
    return Csi_V1_ControllerPublishVolumeResponse()
  }

  /// Detaches nothing.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` without an id.
  public func controllerUnpublishVolume(
    request: Csi_V1_ControllerUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerUnpublishVolumeResponse {
    try requireField(request.volumeID, "volume_id")
    return Csi_V1_ControllerUnpublishVolumeResponse()
  }
}
