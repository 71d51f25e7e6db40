import CSIProtocol
import GRPCCore

/// Staging is not advertised, because it would have nothing to do. Who has staged with the original can unstage.
extension NodeService {
  public func nodeStageVolume(
    request: Csi_V1_NodeStageVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeStageVolumeResponse {
    try Self.require(request.volumeID, "volume_id")
    try Self.require(request.stagingTargetPath, "staging_target_path")
    guard request.hasVolumeCapability else {
      throw RPCError(code: .invalidArgument, message: "volume_capability is missing")
    }
    return Csi_V1_NodeStageVolumeResponse()
  }

  public func nodeUnstageVolume(
    request: Csi_V1_NodeUnstageVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeUnstageVolumeResponse {
    try Self.require(request.volumeID, "volume_id")
    try Self.require(request.stagingTargetPath, "staging_target_path")
    return Csi_V1_NodeUnstageVolumeResponse()
  }

  /// - Throws: `RPCError` with code `invalidArgument` for an empty field.
  static func require(_ text: String, _ field: String) throws(RPCError) {
    if text.isEmpty { throw RPCError(code: .invalidArgument, message: "\(field) is missing") }
  }
}
