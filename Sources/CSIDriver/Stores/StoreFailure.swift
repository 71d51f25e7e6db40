import GRPCCore
import StoreClient
import StoreProtocol
import Support

/// A question that a store did not answer, or answered with no.
struct StoreFailure: Error {
  let store: StoreEndpoint
  let reason: StoreClientError

  /// Whether nobody answered, so that nobody knows.
  var isSilence: Bool {
    if case .unreachable = reason { return true }
    return false
  }

  /// The status code of a refusal.
  var code: StatusCode? {
    if case .refused(let error) = reason { return error.code }
    return nil
  }

  /// Whether the store doesn't take the admin token.
  var isAboutToken: Bool { code == .connectionError }

  /// Why, and what to do about it.
  var explanation: String {
    // Source: StoreServer answers requests without the right token so.
    guard code == .connectionError else { return "\(reason)".onOneLine }
    let secret = "\(store.cluster.namespace)/\(store.cluster.name)-admin-token"
    return "\(reason) (hint: Secret \(secret) and the file of the store's --admin_token_file must agree)".onOneLine
  }

  var message: String { "\(store): \(explanation)" }

  /// The failure as callers of the driver get it.
  var rpcError: RPCError {
    let code: RPCError.Code =
      switch self.code {
      // A new token reaches the driver and the stores at different times.
      case nil, .connectionError: .unavailable
      case .objectNotExists: .notFound
      case .objectExists: .alreadyExists
      case .notEnoughMemory: .resourceExhausted
      default: .internalError
      }
    return RPCError(code: code, message: message)
  }
}
