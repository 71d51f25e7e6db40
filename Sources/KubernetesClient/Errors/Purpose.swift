import KubernetesObjects

/// What a request was for, as messages say it.
public struct Purpose: Equatable, Sendable, CustomStringConvertible {
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
