import CSIProtocol
import Coordination
import GRPCCore
import KubernetesClient
import Support

/// Makes sure that a field of a request is there.
///
/// - Throws: `RPCError` with code `invalidArgument` for an empty one.
func requireField(_ text: String, _ field: String) throws(RPCError) {
  if text.isEmpty { throw RPCError(code: .invalidArgument, message: "\(field) is missing") }
}

/// Makes sure that a volume can be used in the way a request asks for.
///
/// - Throws: `RPCError` with code `invalidArgument` when it cannot, or the request doesn't say how.
func requireUsable(_ capability: Csi_V1_VolumeCapability?) throws(RPCError) {
  guard let capability else { throw RPCError(code: .invalidArgument, message: "volume_capability is missing") }
  if let objection = capability.objection { throw RPCError(code: .invalidArgument, message: objection) }
}

extension Csi_V1_VolumeCapability {
  /// Options that every volume is mounted with or that mean nothing to one.
  private static let knownFlags: Set<String> = [
    "ro", "rw", "bind", "defaults", "nosuid", "nodev", "noexec", "relatime", "noatime", "nodiratime",
  ]

  /// The reason why a volume cannot be used like that, nil when it can.
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

extension Csi_V1_VolumeCapability {
  /// Whether the access mode lets one node use the volume.
  var isOfOneNode: Bool {
    switch accessMode.mode {
    case .singleNodeWriter, .singleNodeReaderOnly, .singleNodeSingleWriter, .singleNodeMultiWriter: true
    default: false
    }
  }
}

extension [Csi_V1_VolumeCapability] {
  /// Makes sure that a volume can be used in all of these ways.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` when there is none or one that volumes don't have.
  func check() throws(RPCError) {
    if isEmpty { throw RPCError(code: .invalidArgument, message: "volume_capabilities are missing") }
    if let objection = lazy.compactMap(\.objection).first {
      throw RPCError(code: .invalidArgument, message: objection)
    }
  }
}

extension RPCError {
  /// The error for something that takes too long.
  static func late(_ message: String) -> RPCError { RPCError(code: .deadlineExceeded, message: message) }

  /// The error of the API server, or that of a timeout.
  static func ofServer(_ error: any Error) -> RPCError {
    if let error = error as? RPCError { return error }
    let text = (error as? any ClientError)?.asProgramError.description ?? "\(error)"
    return RPCError(code: .unavailable, message: text.onOneLine)
  }
}

extension KeyedLock {
  /// A lock that answers `aborted` to a call which has waited too long for another one.
  ///
  /// - Parameter subject: sort of the keys, such as `volume`.
  convenience init(subject: String) {
    self.init { key, timeout in
      RPCError(
        code: .aborted,
        message: "another operation on \(subject) '\(key)' has been running for \(timeout), try again later")
    }
  }
}
