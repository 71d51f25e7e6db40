import CSIProtocol
import GRPCCore

extension Csi_V1_VolumeCapability {
  /// Options that every volume is mounted with or that mean nothing to one.
  private static let knownFlags: Set<String> = [
    "ro", "rw", "bind", "defaults", "nosuid", "nodev", "noexec", "relatime", "noatime", "nodiratime",
  ]

  /// Why a volume cannot be used like that, nil when it can.
  ///
  /// Every access mode will do: who shares a volume runs on a node that the volume is accessible from.
  var objection: String? {
    switch accessType {
    case nil: return "the access type is missing"
    case .block: return "a volume is a directory and no block device (hint: volumeMode: Filesystem)"
    case .mount(let mount):
      if let flag = mount.mountFlags.first(where: { !Self.knownFlags.contains($0) }) {
        return "mount option '\(flag.prefix(160))' has no meaning for a directory of sockets (hint: leave out "
          + "mountOptions)"
      }
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
