/// A change to an object on the server.
public enum Patch: Sendable, Equatable {
  /// A JSON merge patch (RFC 7396): fields to set, null for those to remove.
  case merge(Value)
  /// A JSON patch (RFC 6902): a list of operations.
  case json(Value)
}

/// Names by which the programs own the fields that they apply.
public enum FieldManager {
  /// This program, and the original before it.
  public static let vineyardctl = "vineyardctl"
  public static let vineyardOperator = "vineyard-operator"
}
