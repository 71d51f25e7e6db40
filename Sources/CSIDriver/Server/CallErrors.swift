import Coordination
import GRPCCore
import KubernetesClient
import Support

extension RPCError {
  /// The error for something that takes too long.
  static func late(_ message: String) -> RPCError { RPCError(code: .deadlineExceeded, message: message) }

  /// The error of the API server, or that of a timeout.
  static func ofServer(_ error: any Error) -> RPCError {
    if let error = error as? RPCError { return error }
    let text = (error as? any ClientError)?.asCommandError.description ?? "\(error)"
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
