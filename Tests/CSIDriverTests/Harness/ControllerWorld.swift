import CSIProtocol
import GRPCCore
import StoreClient
import Support
import SwiftProtobuf
import Synchronization
import Testing

@testable import CSIDriver

/// A node with a store, or with a double of one.
protocol StoreStandIn: AnyObject, Sendable {
  var name: String { get }
  /// The directory of its main socket, `vineyard.sock`.
  var directoryPath: String { get }
  /// What pods are taken for; it need not be true.
  var readiness: Bool { get }
}

/// A controller, and the stores of one cluster on several nodes.
final class ControllerWorld: StoreDirectory {
  private let nodes: [any StoreStandIn]
  private let lines = Lines()
  /// Set, nobody tells where the stores are.
  let isBlind = Mutex(false)
  /// Whether the operator has labelled the nodes.
  let isLabelled = Mutex(true)

  init(_ nodes: any StoreStandIn...) { self.nodes = nodes }

  func stores(of cluster: ClusterName) async throws(RPCError) -> [StoreEndpoint] {
    if isBlind.withLock({ $0 }) { throw RPCError(code: .unavailable, message: "no API server") }
    guard cluster.name == "store" else { return [] }
    return nodes.map { node in
      StoreEndpoint(
        cluster: cluster, node: node.name, address: .socket(root: node.directoryPath, name: "vineyard.sock"),
        isReady: node.readiness)
    }
  }

  func clusters() async throws(RPCError) -> [ClusterName] {
    nodes.isEmpty ? [] : [ClusterName(namespace: "ns", name: "store")].compactMap(\.self)
  }

  func hasLabelledNodes(_ cluster: ClusterName) -> Bool { isLabelled.withLock { $0 } }

  var log: [String] { lines.all }

  /// A controller that has just started, and waits as long as other tests keep the processors busy.
  func controller(_ originals: OriginalVolumes = .none) -> ControllerService {
    ControllerService(directory: self, originals: originals, lockTimeout: .seconds(600), log: lines.log)
  }

  /// Calls a controller that has just started, as one does that keeps nothing.
  func call<Request: Sendable, Response: Sendable>(
    _ rpc: (ControllerService) -> (Request, ServerContext) async throws -> Response, _ request: Request
  ) async throws -> Response {
    try await call(controller(), rpc, request)
  }

  func call<Request: Sendable, Response: Sendable>(
    _ service: ControllerService, _ rpc: (ControllerService) -> (Request, ServerContext) async throws -> Response,
    _ request: Request
  ) async throws -> Response {
    let method = rpc(service)
    return try await withServerContextRPCCancellationHandle { handle in
      let context = ServerContext(
        descriptor: MethodDescriptor(fullyQualifiedService: "csi.v1.Controller", method: "Test"), remotePeer: "test",
        localPeer: "test", cancellation: handle)
      return try await method(request, context)
    }
  }

  @discardableResult
  func create(
    _ name: String = "pvc-1", _ change: @escaping (inout Csi_V1_CreateVolumeRequest) -> Void = { _ in }
  ) async throws -> Csi_V1_Volume {
    try await call(ControllerService.createVolume, .sample(name, change)).volume
  }

  func delete(_ id: String) async throws {
    _ = try await call(ControllerService.deleteVolume, .with { $0.volumeID = id })
  }
}

extension Csi_V1_Volume {
  /// The nodes it is accessible from.
  var nodes: [String] { accessibleTopology.compactMap { NodeTopology($0)?.name } }
}
