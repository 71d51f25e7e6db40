import CSIProtocol
import GRPCCore

/// Staging is what takes long about a volume, done once on a node before any pod waits for its mount: the store has the
/// volume and serves it. Nothing is mounted at the staging path, so there is nothing to undo.
///
/// Publishing does it again: inline volumes are never staged, and the store may have been restarted since.
extension NodeService {
  public func nodeStageVolume(
    request: Csi_V1_NodeStageVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeStageVolumeResponse {
    try Self.require(request.volumeID, "volume_id")
    try Self.require(request.stagingTargetPath, "staging_target_path")
    try Publication.check(request.hasVolumeCapability ? request.volumeCapability : nil)
    let (handle, settings) = try Publication.volume(request.volumeID, request.volumeContext)
    try await volumes.withLock(request.volumeID, timeout: patience.lock) {
      try await retrying {
        try await open(handle, settings)
        try await work.run { () throws(RPCError) in
          _ = try servedDirectory(handle, settings.cluster, isReadOnly: false)
        }
      }
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
