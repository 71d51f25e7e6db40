import CSIProtocol
import GRPCCore

extension Csi_V1_VolumeCapability {
  /// Why a volume cannot be used like that, nil when it can.
  ///
  /// Every access mode will do: who shares a volume runs on a node that the volume is accessible from.
  var objection: String? {
    switch accessType {
    case nil: return "the access type is missing"
    case .block: return "a volume is a directory and no block device (hint: volumeMode: Filesystem)"
    case .mount: break
    }
    switch accessMode.mode {
    case .unknown: return "the access mode is missing"
    case .UNRECOGNIZED(let number): return "access mode \(number) is unknown"
    default: return nil
    }
  }
}

extension [Csi_V1_VolumeCapability] {
  /// - Throws: `RPCError` with code `invalidArgument` when there is none or one that volumes don't have.
  func check() throws(RPCError) {
    if isEmpty { throw RPCError(code: .invalidArgument, message: "volume_capabilities are missing") }
    if let objection = lazy.compactMap(\.objection).first {
      throw RPCError(code: .invalidArgument, message: objection)
    }
  }
}
