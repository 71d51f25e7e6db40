import HTTPEndpoint
import KubernetesObjects
import Manifests
import Support

@testable import Operator

/// Reviews as an API server sends them, and what is made of them.
enum Reviews {
  static let cluster: Value = [
    "apiVersion": "k8s.v6d.io/v1alpha1", "kind": "Vineyardd",
    "metadata": ["name": "numbers", "namespace": "research", "uid": "1"],
    "spec": ["replicas": 2, "vineyard": ["size": "4Gi"]],
  ]

  static let driver: Value = [
    "apiVersion": "k8s.v6d.io/v1alpha1", "kind": "CSIDriver", "metadata": ["name": "driver"],
    "spec": ["clusters": [["namespace": "research", "name": "numbers"]]],
  ]

  static func review(_ object: Value?, old: Value? = nil, operation: String = "CREATE") -> Value {
    var request: Value = [
      "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "operation": .string(operation), "dryRun": false,
      "userInfo": ["username": "admin", "groups": ["system:authenticated"]],
    ]
    request["object"] = object ?? .null
    request["oldObject"] = old ?? .null
    return ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request]
  }

  static func update(_ object: Value, from old: Value) -> Value { review(object, old: old, operation: "UPDATE") }

  static let service = AdmissionService()

  static func answer(_ verb: String, _ kind: ResourceKind, _ body: [UInt8]) -> HTTPEndpoint.Response {
    service.respond(method: "POST", path: "/\(verb)-\(kind.webhookPath)", body: body).0
  }

  /// The response in the answer to a well-formed review.
  static func response(_ verb: String, _ kind: ResourceKind, _ review: Value) throws -> Value {
    let answer = answer(verb, kind, Array(review.json.utf8))
    let tree = try Value(json: answer.text)
    return tree["response"] ?? .null
  }

  /// An object after the patch in a response. Our patches only add.
  static func patched(_ object: Value, by response: Value) throws -> Value {
    guard let text = response["patch"]?.string, let bytes = Base64.decode(text) else { return object }
    var object = object
    for operation in try Value(json: bytes).array ?? [] {
      guard operation["op"] == "add", let pointer = operation["path"]?.string else { continue }
      object[path: pointer.split(separator: "/").map { String($0) }] = operation["value"]
    }
    return object
  }
}
