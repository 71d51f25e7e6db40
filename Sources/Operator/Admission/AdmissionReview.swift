import Documents
import Support

/// A question of the API server (admission.k8s.io/v1): whether an object may be written.
struct AdmissionReview: Sendable {
  let uid: String
  let operation: String
  /// nil when the object is deleted.
  let object: KubernetesObject?
  /// nil when the object is created.
  let old: KubernetesObject?

  /// - Throws: `CommandError` for what is no review.
  init(_ body: [UInt8]) throws(CommandError) {
    let tree: Value
    do {
      tree = try Value(json: body)
    } catch {
      throw Self.malformed("the body is no JSON: \(error)")
    }
    guard tree["kind"]?.string == "AdmissionReview" else { throw Self.malformed("the body is no AdmissionReview") }
    guard tree["apiVersion"]?.string == "admission.k8s.io/v1" else {
      throw Self.malformed("the review is none of admission.k8s.io/v1")
    }
    guard let uid = tree["request", "uid"]?.string, !uid.isEmpty else {
      throw Self.malformed("the review has no request with a uid")
    }
    guard let operation = tree["request", "operation"]?.string else {
      throw Self.malformed("the request has no operation")
    }
    self.uid = uid
    self.operation = operation
    object = Self.object(tree["request", "object"])
    old = Self.object(tree["request", "oldObject"])
  }

  private static func object(_ tree: Value?) -> KubernetesObject? {
    tree.flatMap { $0.fields == nil ? nil : KubernetesObject($0) }
  }

  private static func malformed(_ text: String) -> CommandError { CommandError(.usage, text) }
}

extension AdmissionReview {
  /// What is answered.
  enum Verdict: Sendable, Equatable {
    /// Operations of a JSON patch; none change nothing.
    case allowed([Value])
    /// Why not, for the person who tried.
    case denied(String)
  }

  /// The answer as JSON.
  func answer(_ verdict: Verdict) -> String {
    var response: Value = ["uid": .string(uid)]
    switch verdict {
    case .allowed(let operations):
      response["allowed"] = true
      if !operations.isEmpty {
        response["patchType"] = "JSONPatch"
        response["patch"] = .string(Base64.encode(Value.array(operations).json.utf8))
      }
    case .denied(let message):
      response["allowed"] = false
      response["status"] = [
        "status": "Failure", "reason": "Invalid", "code": 422, "message": .string(message),
      ]
    }
    let review: Value = ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response]
    return review.json
  }
}
