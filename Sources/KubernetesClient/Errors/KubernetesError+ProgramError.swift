import Support

extension KubernetesError: ClientError {
  public var asProgramError: ProgramError {
    let (cause, hint) = explanation
    return ProgramError(code, "cannot \(operation)", cause: cause, hint: hint)
  }

  private var code: ProgramError.Code {
    switch httpStatus {
    case 404 where namesObject: .notFound
    case 408, 504: .notReady
    default: .failed
    }
  }

  private var explanation: (cause: String, hint: String?) {
    switch httpStatus {
    case 300..<400:
      (message, "a login page or a gateway is in front of the API server: log in there, or check the server's URL")
    // Source: the texts of Go's net/http and of nginx.
    case 400 where message.contains("HTTP request to an HTTPS server") || message.contains("sent to HTTPS port"):
      (message, "check the server's URL: https:// instead of http://?")
    case 401: (message, "log in again: the token or certificate of this context may have expired (server \(server))")
    case 403: (message, Denial(message).hint)
    case 404 where isUnknownKind:
      (message, "deploy what defines it first, for instance with 'vineyardctl deploy operator'")
    case 409 where !owners.isEmpty:
      (
        owners.map { "'\($0.manager)' owns \($0.fields.joined(separator: ", "))" }.joined(separator: "; "),
        "--force-conflicts takes the fields over"
      )
    case 409 where !isAlreadyExists: (message, "it changed meanwhile; try again")
    case 422 where !causes.isEmpty: (causes.map(\.text).joined(separator: "; "), nil)
    case 500:
      WebhookFailure(self).map { ("\($0)", $0.hint) } ?? (message, nil)
    case 429, 503: (message, retryAfter.map { "try again in \(max(1, $0.components.seconds)) s" } ?? "try again later")
    default: (message, nil)
    }
  }

  /// The managers in the way of an apply, with what they own, in the server's order.
  private var owners: [(manager: String, fields: [String])] {
    var owners: [(manager: String, fields: [String])] = []
    for cause in causes where cause.reason == "FieldManagerConflict" {
      let manager = cause.manager
      if let index = owners.firstIndex(where: { $0.manager == manager }) {
        owners[index].fields.append(cause.field)
      } else {
        owners.append((manager, [cause.field]))
      }
    }
    return owners
  }
}

extension KubernetesError.Cause {
  /// `spec.replicas: Invalid value: -1`.
  fileprivate var text: String { field.isEmpty ? message : "\(field): \(message)" }

  /// The name between quotes in `conflict with "kubectl" using apps/v1`.
  fileprivate var manager: String {
    let parts = message.split(separator: "\"", omittingEmptySubsequences: false)
    return parts.count > 2 ? String(parts[1]) : "another manager"
  }
}

/// An error of this client, which has a message for the user.
public protocol ClientError: Error, CustomStringConvertible {
  /// The error with a cause and a hint, on one line.
  var asProgramError: ProgramError { get }
}

extension ClientError {
  public var description: String { asProgramError.description }
}
