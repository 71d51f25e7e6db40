import JSON
import StoreProtocol

/// What clients are told about this daemon.
struct InstanceIdentity {
  let instance: UInt64
  let hostID: UInt64
  let hostname: String
  let nodename: String
  let socketPath: String
  /// `host:port`, or `0.0.0.0:0` without a listener.
  let rpcEndpoint: String
  let deployment: String
  /// Version clients compare with theirs, `x.y.z`.
  let version: String
  /// Start of the daemon: unix seconds in the upper, microseconds in the lower 32 bits.
  let timestamp: UInt64

  /// Where the sockets of volumes are.
  var volumeLayout: VolumeLayout { VolumeLayout(mainSocket: socketPath) }

  /// Path of a session's socket: that of the root session, or with the session's id appended.
  func socketPath(of session: UInt64) -> String {
    session == 0 ? socketPath : socketPath + "." + HexText.string(prefix: UInt8(ascii: "S"), session)
  }

  static let noRPC = "0.0.0.0:0"
}
