import JSON
import StoreProtocol

/// Facts about this daemon that clients are told and the table of instances does not have.
struct InstanceIdentity {
  let socketPath: String
  /// `host:port`, or `0.0.0.0:0` without a listener.
  let rpcEndpoint: String
  let deployment: String
  /// Version clients compare with theirs, `x.y.z`.
  let version: String

  /// Layout of the sockets of volumes.
  var volumeLayout: VolumeLayout { VolumeLayout(mainSocket: socketPath) }

  /// Path of a session's socket: that of the root session, or with the session's id appended.
  func socketPath(of session: UInt64) -> String {
    session == 0 ? socketPath : socketPath + "." + HexText.string(prefix: UInt8(ascii: "S"), session)
  }

  static let noRPC = "0.0.0.0:0"
}
