import CSIProtocol
import GRPCCore

/// A volume that is to be published, as checked as it can be without looking at the node.
struct Publication: Sendable {
  let handle: VolumeHandle
  let settings: VolumeSettings
  let target: MountTarget
  let isReadOnly: Bool
  /// Whether no other path of the node may have the volume.
  let isExclusive: Bool

  /// Checks a request, field by field.
  ///
  /// - Throws: `RPCError` with code `invalidArgument`, or `notFound` for an id that cannot be one of this driver's.
  init(_ request: Csi_V1_NodePublishVolumeRequest) throws(RPCError) {
    guard !request.volumeID.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    target = try MountTarget(request.targetPath, field: "target_path")
    let capability = request.volumeCapability
    try Self.check(request.hasVolumeCapability ? capability : nil)
    (handle, settings) = try Self.volume(request.volumeID, request.volumeContext)
    let mode = capability.accessMode.mode
    isReadOnly =
      request.readonly || mode == .singleNodeReaderOnly || mode == .multiNodeReaderOnly
      || capability.mount.mountFlags.contains("ro")
    isExclusive = mode == .singleNodeSingleWriter
  }

  /// - Throws: `RPCError` with code `invalidArgument` for a way in which no volume can be used.
  static func check(_ capability: Csi_V1_VolumeCapability?) throws(RPCError) {
    guard let capability else { throw RPCError(code: .invalidArgument, message: "volume_capability is missing") }
    if let objection = capability.objection { throw RPCError(code: .invalidArgument, message: objection) }
  }

  /// The volume that an id and a context mean.
  ///
  /// - Throws: `RPCError` with code `invalidArgument`, or `notFound` for an id that cannot be one of this driver's.
  static func volume(
    _ id: String, _ context: [String: String]
  ) throws(RPCError) -> (handle: VolumeHandle, settings: VolumeSettings) {
    guard let handle = VolumeHandle(id: id) else {
      throw RPCError(code: .notFound, message: "no volume can have the id '\(id.prefix(160))'")
    }
    return (handle, try VolumeSettings(context: context, handle: handle))
  }
}
