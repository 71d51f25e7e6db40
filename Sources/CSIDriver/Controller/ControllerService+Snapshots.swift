import CSIProtocol
import GRPCCore
import Logging
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

// MARK: - Creating and deleting

extension ControllerService {
  /// Snapshots are set apart from volumes by this beginning of their names.
  static let snapshotPrefix = "snap-"

  /// Takes a snapshot of a volume, or finds the one of that name.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request or a volume that has none, `notFound` for
  ///   an unknown volume, `alreadyExists` for a snapshot of another one, or with that of a store that fails.
  public func createSnapshot(
    request: Csi_V1_CreateSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_CreateSnapshotResponse {
    try requireField(request.name, "name")
    try requireField(request.sourceVolumeID, "source_volume_id")
    if let key = request.parameters.keys.sorted().first(where: { !Self.isOfKubernetes($0) }) {
      throw RPCError(code: .invalidArgument, message: "unknown parameter '\(key)': snapshots have none")
    }
    return try await answer(context) {
      let made = try await snapshot(request)
      return .with { $0.snapshot = Csi_V1_Snapshot(made.record, in: made.store.cluster) }
    }
  }

  /// Deletes a snapshot wherever it is; one that is nowhere is deleted already.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` without an id, or with that of a store that fails and may have
  ///   the snapshot.
  public func deleteSnapshot(
    request: Csi_V1_DeleteSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_DeleteSnapshotResponse {
    let id = request.snapshotID
    try requireField(id, "snapshot_id")
    guard let handle = VolumeHandle(id: id) else { return Csi_V1_DeleteSnapshotResponse() }
    return try await answer(context) {
      try await exclusively(.snapshot, handle) { try await delete(handle, .snapshot) }
      return Csi_V1_DeleteSnapshotResponse()
    }
  }

  /// Answers with a snapshot's record.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` without an id, `notFound` for an unknown snapshot, or with that
  ///   of the stores that may have it.
  public func getSnapshot(
    request: Csi_V1_GetSnapshotRequest, context: ServerContext
  ) async throws -> Csi_V1_GetSnapshotResponse {
    try await answer(context) {
      let found = try await locate(request.snapshotID, .snapshot)
      return .with { $0.snapshot = Csi_V1_Snapshot(found.record, in: found.store.cluster) }
    }
  }

  private static func isOfKubernetes(_ key: String) -> Bool {
    VolumeParameters.Key.kubernetesPrefixes.contains(where: key.hasPrefix)
  }

  private func snapshot(_ request: Csi_V1_CreateSnapshotRequest) async throws -> LocatedVolume {
    guard let source = VolumeHandle(id: request.sourceVolumeID) else {
      throw Self.unknown(request.sourceVolumeID, .volume)
    }
    // Where the id doesn't tell the cluster, the volume does.
    let cluster: ClusterName
    if let named = source.cluster {
      cluster = named
    } else {
      cluster = try await locate(request.sourceVolumeID, .volume).store.cluster
    }
    guard let handle = VolumeHandle(cluster: cluster, name: request.name, prefix: Self.snapshotPrefix) else {
      throw RPCError(
        code: .invalidArgument, message: "the names of cluster \(cluster) leave no room for a snapshot id")
    }
    return try await exclusively(.snapshot, handle) {
      try await takeSnapshot(handle, source.name, of: request.sourceVolumeID, in: cluster, request.parameters)
    }
  }

  private func takeSnapshot(
    _ handle: VolumeHandle, _ source: String, of id: String, in cluster: ClusterName, _ attributes: [String: String]
  ) async throws -> LocatedVolume {
    let stores = try await directory.stores(of: cluster)
    if let existing = await search(handle.name, .snapshot, in: stores).located.first {
      if existing.record.source == source { return existing }
      throw RPCError(
        code: .alreadyExists, message: "snapshot '\(handle)' exists and is one of '\(existing.record.source ?? "")'")
    }
    let volume = try await locate(id, .volume)
    let name = handle.name
    do throws(StoreFailure) {
      let record = try await gateway.ask(volume.store) { client throws(StoreClientError) in
        try client.createSnapshot(name, of: source, attributes: attributes)
      }
      log.info("snapshot '\(handle)' of '\(id)' made on node \(volume.store.node)")
      return LocatedVolume(store: volume.store, record: record)
    } catch {
      if error.code == .notImplemented { throw RPCError(code: .invalidArgument, message: error.message) }
      throw error.rpcError
    }
  }
}

// MARK: - Listing

extension ControllerService {
  /// Lists snapshots: all, one, or those of a volume, part by part.
  ///
  /// - Throws: `RPCError` with code `aborted` for a token that is none, `invalidArgument` for a negative limit, or with
  ///   that of the stores when none answers.
  public func listSnapshots(
    request: Csi_V1_ListSnapshotsRequest, context: ServerContext
  ) async throws -> Csi_V1_ListSnapshotsResponse {
    try await answer(context) {
      let snapshots = try await snapshots(request)
      let page = try Page(
        of: snapshots, list: "snapshots", id: \.snapshotID, after: request.startingToken, limit: request.maxEntries)
      return .with {
        $0.entries = page.entries.map { snapshot in .with { $0.snapshot = snapshot } }
        $0.nextToken = page.nextToken
      }
    }
  }

  private func snapshots(_ request: Csi_V1_ListSnapshotsRequest) async throws -> [Csi_V1_Snapshot] {
    let ids = [request.snapshotID, request.sourceVolumeID].filter { !$0.isEmpty }
    // Snapshots, and the volumes they are of, have their cluster in their ids.
    let clusters = ids.map { VolumeHandle(id: $0)?.cluster }
    guard !clusters.contains(where: { $0 == nil }) else { return [] }
    return try await all(.snapshot, in: clusters.first ?? nil).map { Csi_V1_Snapshot($0.record, in: $0.store.cluster) }
      .filter { request.snapshotID.isEmpty || $0.snapshotID == request.snapshotID }
      .filter { request.sourceVolumeID.isEmpty || $0.sourceVolumeID == request.sourceVolumeID }
  }
}
