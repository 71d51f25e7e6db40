import CSIProtocol
import GRPCCore
import StoreClient
import Support

extension ControllerService {
  public func controllerModifyVolume(
    request: Csi_V1_ControllerModifyVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerModifyVolumeResponse {
    let id = request.volumeID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      try await exclusively(.volume, handle) {
        let found = try await sighting(id, .volume)
        _ = try await modify(found, try VolumeModification(request.mutableParameters))
      }
      return Csi_V1_ControllerModifyVolumeResponse()
    }
  }

  /// Makes a volume as it is to be.
  func modify(_ found: Sighting, _ modification: VolumeModification) async throws -> Sighting {
    guard let isReadOnly = modification.isReadOnly, isReadOnly != found.record.isFrozen else { return found }
    let leaf = found.record.id
    do throws(StoreFailure) {
      let record = try await gateway.ask(found.store) { client throws(StoreClientError) in
        try client.freeze(leaf, isReadOnly)
      }
      log.info("volume '\(leaf)' of \(found.store) is \(isReadOnly ? "read-only" : "writable") now")
      return Sighting(store: found.store, record: record)
    } catch {
      throw error.rpcError
    }
  }
}
