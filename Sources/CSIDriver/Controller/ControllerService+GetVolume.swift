import CSIProtocol
import GRPCCore
import StoreClient
import SwiftProtobuf

extension ControllerService {
  public func controllerGetVolume(
    request: Csi_V1_ControllerGetVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerGetVolumeResponse {
    let id = request.volumeID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      let search = await search(handle.leaf, .volume, in: try await directory.stores(of: handle.cluster))
      if let found = search.sightings.first {
        return Self.answer(Csi_V1_Volume(found.record, in: found.store), Csi_V1_VolumeCondition(found.record))
      }
      if let original = originals.volume(id) { return Self.answer(original.answer, original.condition) }
      // The caller knows the volume, and this is what there is to say of it.
      guard let failure = search.survey.failures.first, handle.cluster != nil else {
        throw search.survey.rpcError ?? Self.unknown(id, .volume)
      }
      return Self.answer(.with { $0.volumeID = id }, Csi_V1_VolumeCondition(failure))
    }
  }

  private static func answer(
    _ volume: Csi_V1_Volume, _ condition: Csi_V1_VolumeCondition
  ) -> Csi_V1_ControllerGetVolumeResponse {
    .with {
      $0.volume = volume
      $0.status = .with { $0.volumeCondition = condition }
    }
  }
}
