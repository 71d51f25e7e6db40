import CSIProtocol
import GRPCCore
import StoreClient

/// A volume is on its node already, so there is nothing to attach, and the driver doesn't say that there were.
///
/// A cluster that comes from the original has attachments all the same: they are answered until they are gone.
extension ControllerService {
  public func controllerPublishVolume(
    request: Csi_V1_ControllerPublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerPublishVolumeResponse {
    guard !request.volumeID.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    guard !request.nodeID.isEmpty else { throw RPCError(code: .invalidArgument, message: "node_id is missing") }
    guard request.hasVolumeCapability else {
      throw RPCError(code: .invalidArgument, message: "volume_capability is missing")
    }
    try [request.volumeCapability].check()
    guard VolumeHandle(id: request.volumeID) != nil else { throw Self.unknown(request.volumeID, .volume) }
    return Csi_V1_ControllerPublishVolumeResponse()
  }

  public func controllerUnpublishVolume(
    request: Csi_V1_ControllerUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerUnpublishVolumeResponse {
    guard !request.volumeID.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    return Csi_V1_ControllerUnpublishVolumeResponse()
  }
}
