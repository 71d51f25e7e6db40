import GRPCCore
import Support

/// What a failed try of a call means for the next.
enum CallFailure: Error, Equatable {
  /// It never left: another try, at another endpoint, is safe.
  case notSent(String)
  /// Etcd says that it did not do it, and may do it in a moment.
  case passing(String)
  /// It left, and what became of it is not known.
  case lost(String)
  /// The token is not, or no longer, valid.
  case badToken(String)
  /// Another try would fail the same way.
  case final(EtcdError)

  /// Reads what gRPC and etcd say. Etcd's messages tell apart what its codes do not (etcd, api/v3rpc/rpctypes).
  ///
  /// - Parameter wasSent: whether the request had a connection to leave by.
  init(_ error: RPCError, wasSent: Bool) {
    let message = error.message
    func says(_ text: String) -> Bool { message.contains(text) }
    let reason = Self.reason(error)
    switch error.code {
    case .unauthenticated: self = .badToken(message)
    case .invalidArgument where says("user name is empty") || says("auth token") || says("auth store is old"):
      self = .badToken(message)
    case .invalidArgument where says("too large"): self = .final(.tooLarge(message))
    case .invalidArgument where says("authentication failed"), .permissionDenied: self = .final(.denied(message))
    case .outOfRange where says("compacted"): self = .final(.compacted(nil))
    case .outOfRange where says("future"): self = .final(.historyLost(message))
    case .resourceExhausted where says("space exceeded"): self = .final(.noSpace)
    case .resourceExhausted where says("too many requests"): self = .passing(message)
    case .resourceExhausted: self = .final(.tooLarge(reason))
    case .internalError where reason.contains("maximum payload size"): self = .final(.tooLarge(reason))
    case .notFound where says("lease not found"): self = .final(.leaseLost(0))
    case .unavailable where says("no leader") || says("not capable"): self = .passing(message)
    case .unavailable, .deadlineExceeded, .cancelled, .unknown, .internalError, .aborted, .dataLoss:
      self = wasSent ? .lost(reason) : .notSent(reason)
    default: self = .final(.refused(reason))
    }
  }

  /// The message of an error, with that of its cause, where transports put what really happened.
  private static func reason(_ error: RPCError) -> String {
    var text = error.message
    var cause = error.cause
    while let next = cause {
      if let error = next as? RPCError {
        text += ": \(error.message)"
        cause = error.cause
      } else {
        // The endpoint stands before the message, so that nothing is lost of "cannot connect to that".
        let isConnecting = text.hasPrefix("Could not establish a connection")
        text = (isConnecting ? "" : "\(text): ") + TransportReason.text(next)
        cause = nil
      }
    }
    return text
  }
}
