import CSIProtocol
import GRPCCore
import KubernetesClient
import StoreClient
import Support

/// Makes, changes and deletes volumes and snapshots; they are where the stores are, and nothing is kept here.
public struct ControllerService: Csi_V1_Controller.SimpleServiceProtocol {
  /// Callers give a call 30 seconds and like to hear why it takes longer.
  private static let limit: Duration = .seconds(25)

  let directory: any StoreDirectory
  let gateway: StoreGateway
  let originals: OriginalVolumes
  let log: Log
  /// How long a call waits for others on the same volume.
  private let patience: TimeSpan
  private let volumes = KeyedLock("volume")
  private let snapshots = KeyedLock("snapshot")

  init(
    directory: any StoreDirectory, tokens: AdminTokens? = nil, originals: OriginalVolumes = .none,
    patience: TimeSpan = .seconds(15), log: Log
  ) {
    self.directory = directory
    gateway = StoreGateway(tokens: tokens)
    self.originals = originals
    self.patience = patience
    self.log = log
  }

  /// - Parameters:
  ///   - client: tells where the stores are; nil for those of this machine alone.
  ///   - nodeID: name of this node.
  ///   - socketRoot: directory with `<namespace>/<cluster>/vineyard.sock` of each store of this machine.
  ///   - stateFile: of the original driver.
  init(client: KubernetesClient?, nodeID: String, socketRoot: String, stateFile: String?, log: Log) {
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
    return try await withTimeLimit(Self.limit, late: .late("\(method) takes longer than \(Self.limit)"), work)
  }

  /// Does something that no other call may interfere with.
  func exclusively<Answer: Sendable>(
    _ kind: VolumeKind, _ handle: VolumeHandle, _ work: () async throws -> Answer
  ) async throws -> Answer {
    let locks = kind == .volume ? volumes : snapshots
    return try await locks.withLock(handle.description, timeout: patience, work)
  }
}
