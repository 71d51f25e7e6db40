import Documents

/// One request to the API server, without what all requests have in common.
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
