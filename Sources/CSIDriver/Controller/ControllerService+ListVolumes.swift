import CSIProtocol
import GRPCCore
import StoreClient
import Support
import SwiftProtobuf

extension ControllerService {
  public func listVolumes(
    request: Csi_V1_ListVolumesRequest, context: ServerContext
  ) async throws -> Csi_V1_ListVolumesResponse {
    try await answer(context) {
      let entries = try await all(.volume, in: nil).map { sighting in
        Csi_V1_ListVolumesResponse.Entry(
          Csi_V1_Volume(sighting.record, in: sighting.store), Csi_V1_VolumeCondition(sighting.record))
      }
      let opened = Set(entries.map(\.volume.volumeID))
      let unopened = originals.volumes.filter { !opened.contains($0.id) }.map {
        Csi_V1_ListVolumesResponse.Entry($0.answer, $0.condition)
      }
      let page = try Page(
        of: entries + unopened, list: "volumes", id: \.volume.volumeID, after: request.startingToken,
        limit: request.maxEntries)
      return .with {
        $0.entries = page.entries
        $0.nextToken = page.nextToken
      }
    }
  }

  /// All volumes or snapshots of a cluster, or of every cluster, each once.
  ///
  /// Stores that don't answer are left out, which the log says.
  ///
  /// - Throws: `RPCError` when there are stores and none answers.
  func all(_ kind: VolumeKind, in cluster: ClusterName?) async throws -> [Sighting] {
    let survey = await gateway.askAll(try await directory.stores(of: cluster)) { client throws(StoreClientError) in
      try client.list().volumes
    }
    if survey.answers.isEmpty, let error = survey.rpcError { throw error }
    for failure in survey.failures { log.warning("left out of the list: \(failure.message)") }
    var seen: Set<String> = []
    return survey.answers.flatMap { store, records in
      records.filter { $0.kind == kind && seen.insert("\(store.cluster)/\($0.id)").inserted }
        .map { Sighting(store: store, record: $0) }
    }
  }
}

extension Csi_V1_ListVolumesResponse.Entry {
  fileprivate init(_ volume: Csi_V1_Volume, _ condition: Csi_V1_VolumeCondition) {
    self.init()
    self.volume = volume
    status = .with { $0.volumeCondition = condition }
  }
}
