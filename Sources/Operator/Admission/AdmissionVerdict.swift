import KubernetesObjects
import Support

/// The response to a request for admission.
struct AdmissionVerdict: Sendable, Equatable {
  /// Reason of a refusal.
  struct Refusal: Sendable, Equatable {
    /// The HTTP status that the user gets.
    let code: Int
    /// The reason in one word, as in `Status` of Kubernetes.
    let reason: String
    let message: String
  }

  var refusal: Refusal?
  var warnings: [String] = []
  /// Operations of a JSON patch (RFC 6902).
  var patch: [Value] = []

  static let allowed = AdmissionVerdict()

  static func refused(_ code: Int, _ reason: String, _ message: String) -> AdmissionVerdict {
    // Values of the user are in it, and the API server passes it on in a header of its own log and audit.
    let shown = message.utf8.count > 1024 ? "\(message.prefix(500))…" : message
    return AdmissionVerdict(refusal: Refusal(code: code, reason: reason, message: shown))
  }

  /// The review with the answer.
  func review(uid: String) -> Value {
    var response: Value = ["uid": .string(uid), "allowed": .boolean(refusal == nil)]
    if let refusal {
      response["status"] = [
        "status": "Failure", "code": Value(refusal.code), "reason": .string(refusal.reason),
        "message": .string(refusal.message),
      ]
    }
    if !warnings.isEmpty { response["warnings"] = Value(warnings) }
    if !patch.isEmpty {
      response["patchType"] = "JSONPatch"
      response["patch"] = .string(Base64.encode(Value.array(patch).json.utf8))
    }
    return ["apiVersion": .string(AdmissionRequest.apiVersion), "kind": "AdmissionReview", "response": response]
  }
}
