import KubernetesObjects

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
