import CSIProtocol
import GRPCCore
import StoreClient
import SwiftProtobuf

extension ControllerService {
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
