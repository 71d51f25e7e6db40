import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

extension ControllerService {
  /// Snapshots are set apart from volumes by this beginning of their names.
  static let snapshotPrefix = "snap-"

  public func createSnapshot(
    request: Csi_V1_CreateSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_CreateSnapshotResponse {
    guard !request.name.isEmpty else { throw RPCError(code: .invalidArgument, message: "name is missing") }
    guard !request.sourceVolumeID.isEmpty else {
      throw RPCError(code: .invalidArgument, message: "source_volume_id is missing")
    }
    if let key = request.parameters.keys.sorted().first(where: { !Self.isOfKubernetes($0) }) {
      throw RPCError(code: .invalidArgument, message: "unknown parameter '\(key)': snapshots have none")
    }
    return try await answer(context) {
      let made = try await snapshot(request)
      return .with { $0.snapshot = Csi_V1_Snapshot(made.record, in: made.store.cluster) }
    }
  }

  public func deleteSnapshot(
    request: Csi_V1_DeleteSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_DeleteSnapshotResponse {
    let id = request.snapshotID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "snapshot_id is missing") }
    guard let handle = VolumeHandle(id: id) else { return Csi_V1_DeleteSnapshotResponse() }
    return try await answer(context) {
      try await exclusively(.snapshot, handle) { try await delete(handle, .snapshot) }
      return Csi_V1_DeleteSnapshotResponse()
    }
  }

  public func getSnapshot(
    request: Csi_V1_GetSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_GetSnapshotResponse {
    try await answer(context) {
      let found = try await sighting(request.snapshotID, .snapshot)
      return .with { $0.snapshot = Csi_V1_Snapshot(found.record, in: found.store.cluster) }
    }
  }

  private static func isOfKubernetes(_ key: String) -> Bool {
    VolumeParameter.kubernetesPrefixes.contains(where: key.hasPrefix)
  }

  private func snapshot(_ request: Csi_V1_CreateSnapshotRequest) async throws -> Sighting {
    guard let source = VolumeHandle(id: request.sourceVolumeID) else {
      throw Self.unknown(request.sourceVolumeID, .volume)
    }
    // Where the id doesn't tell the cluster, the volume does.
    let cluster: ClusterName
    if let named = source.cluster {
      cluster = named
    } else {
      cluster = try await sighting(request.sourceVolumeID, .volume).store.cluster
    }
    guard let handle = VolumeHandle(cluster: cluster, name: request.name, prefix: Self.snapshotPrefix) else {
      throw RPCError(
        code: .invalidArgument, message: "the names of cluster \(cluster) leave no room for a snapshot id")
    }
    return try await exclusively(.snapshot, handle) {
      try await cut(handle, source.leaf, of: request.sourceVolumeID, in: cluster, request.parameters)
    }
  }

  private func cut(
    _ handle: VolumeHandle, _ source: String, of id: String, in cluster: ClusterName, _ attributes: [String: String]
  ) async throws -> Sighting {
    let stores = try await directory.stores(of: cluster)
    if let existing = await search(handle.leaf, .snapshot, in: stores).sightings.first {
      if existing.record.source == source { return existing }
      throw RPCError(
        code: .alreadyExists, message: "snapshot '\(handle)' exists and is one of '\(existing.record.source ?? "")'")
    }
    let volume = try await sighting(id, .volume)
    let leaf = handle.leaf
    do throws(StoreFailure) {
      let record = try await gateway.ask(volume.store) { client throws(StoreClientError) in
        try client.createSnapshot(leaf, of: source, attributes: attributes)
      }
      log.info("snapshot '\(handle)' of '\(id)' made on node \(volume.store.node)")
      return Sighting(store: volume.store, record: record)
    } catch {
      if error.code == .notImplemented { throw RPCError(code: .invalidArgument, message: error.message) }
      throw error.rpcError
    }
  }
}
