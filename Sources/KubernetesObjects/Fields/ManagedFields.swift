/// The fields of an object that one manager owns by one kind of request (meta/v1 ManagedFieldsEntry).
public struct ManagedFields: Sendable, Equatable {
  public enum Operation: String, Sendable {
    case apply = "Apply"
    case update = "Update"
  }

  /// The entry as the object has it.
  let tree: Value

  public var manager: String { tree["manager"]?.string ?? "" }
  public var operation: Operation? { tree["operation"]?.string.flatMap { Operation(rawValue: $0) } }
  /// `status`, for instance; nil for the object itself.
  public var subresource: String? { tree["subresource"]?.string }
  /// The names of the fields as a tree, `f:` before each.
  public var fields: Value? { tree["fieldsV1"] }

  /// Whether these are fields of the object itself that a manager owns.
  public func isOwned(by manager: String, _ operation: Operation? = nil) -> Bool {
    self.manager == manager && subresource == nil && (operation == nil || self.operation == operation)
  }
}

extension KubernetesObject {
  /// The owners of its fields; empty also where the server does not say.
  public var managedFields: [ManagedFields] {
    (tree["metadata", "managedFields"]?.array ?? []).map { ManagedFields(tree: $0) }
  }
}
