import GRPCCore
import Support

/// A system call on a path that failed.
struct PathError: Error {
  /// What was tried, such as `cannot open`.
  let attempt: String
  let path: String
  /// A value of errno.
  let code: CInt

  var message: String { "\(attempt) \(path): \(errorText(code))" }

  /// The failure as callers of the driver get it.
  var rpcError: RPCError { RPCError(code: .internalError, message: message) }
}
