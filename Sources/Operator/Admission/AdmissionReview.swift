import KubernetesObjects
import Support

/// A request for admission (admission.k8s.io/v1, AdmissionReview).
struct AdmissionRequest: Sendable {
  static let apiVersion = "admission.k8s.io/v1"

  /// Comes back in the answer.
  let uid: String
  /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
  let operation: String
  /// Empty for objects of the cluster as a whole.
  let namespace: String
  /// The user who asks for it; empty when the review does not say.
  let user: String
  /// nil when something is deleted.
  let object: KubernetesObject?
  /// nil when something is created.
  let old: KubernetesObject?

  /// A body that is no review, with the reason.
  struct Malformed: Error, Equatable {
    let reason: String
  }

  /// - Throws: `Malformed`.
  init(_ body: [UInt8]) throws(Malformed) {
    let review: Value
    do throws(DocumentError) {
      review = try Value(json: body)
    } catch {
      throw Malformed(reason: "the body is no JSON: \(error)")
    }
    guard review["apiVersion"]?.string == Self.apiVersion, review["kind"]?.string == "AdmissionReview" else {
      throw Malformed(reason: "the body is no AdmissionReview of \(Self.apiVersion)")
    }
    guard let request = review["request"], request.fields != nil else {
      throw Malformed(reason: "the review has no request")
    }
    guard let uid = request["uid"]?.string, !uid.isEmpty, uid.utf8.count <= 128 else {
      throw Malformed(reason: "the request has no uid")
    }
    guard let operation = request["operation"]?.string else {
      throw Malformed(reason: "the request has no operation")
    }
    self.uid = uid
    self.operation = operation
    namespace = request["namespace"]?.string ?? ""
    user = request["userInfo", "username"]?.string ?? ""
    object = try Self.object("object", of: request)
    old = try Self.object("oldObject", of: request)
  }

  private static func object(_ key: String, of request: Value) throws(Malformed) -> KubernetesObject? {
    guard let tree = request[key], !tree.isNull else { return nil }
    guard tree.fields != nil else { throw Malformed(reason: "\(key) is no object") }
    return KubernetesObject(tree)
  }
}

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
