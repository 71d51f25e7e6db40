import Documents
import KubernetesObjects

/// One request to the API server, without the parts that all requests have in common.
struct APICall: Sendable {
  var method = "GET"
  var path: APIPath
  var operation: Operation
  var effect = RetryPolicy.Effect.read
  var body: Value?
  var contentType = "application/json"
  var accept = "application/json"

  init(_ path: APIPath, _ operation: Operation) {
    self.path = path
    self.operation = operation
  }

  init(
    _ method: String, _ path: APIPath, _ operation: Operation, effect: RetryPolicy.Effect, body: Value,
    contentType: String = "application/json"
  ) {
    self.method = method
    self.path = path
    self.operation = operation
    self.effect = effect
    self.body = body
    self.contentType = contentType
  }
}

/// The operation that a request belongs to, as messages name it: a verb and an object.
public struct Operation: Equatable, Sendable, CustomStringConvertible {
  /// `get`, `list`, `apply`, …
  public let verb: String
  /// `Deployment vineyard-system/vineyardd-sample`, `Pod objects`, …
  public let object: String

  init(_ verb: String, _ object: String) {
    self.verb = verb
    self.object = object
  }

  init(_ verb: String, _ reference: ObjectReference) { self.init(verb, reference.description) }

  /// `apply Deployment vineyard-system/vineyardd-sample`.
  public var description: String { "\(verb) \(object)" }
}
