/// Hands the fields that the original program wrote over to server-side apply.
///
/// The original created objects with plain requests, so its fields belong to the manager `vineyardctl` with the
/// operation Update. Under the operation Apply they become ours, and fields that are in its manifests but not in ours
/// (the retired proxy container, for instance) go away with the next apply.
/// Source: Kubernetes documentation, "Server-Side Apply", upgrading from client-side apply.
public enum FieldHandover {
  /// The patch for a live object; nil when there is nothing to hand over.
  ///
  /// - Parameter manager: who gets the fields. The operator also gets those that a person applied with this program.
  public static func patch(
    for live: KubernetesObject, to manager: String = FieldManager.vineyardctl
  ) -> Patch? {
    let isToOther = manager != FieldManager.vineyardctl
    let entries = live.managedFields
    guard let version = live.resourceVersion, !entries.contains(where: { $0.isOwned(by: manager, .apply) }),
      let index = (isToOther ? [.apply, .update] : [ManagedFields.Operation.update]).lazy.compactMap({ operation in
        entries.firstIndex { $0.isOwned(by: FieldManager.vineyardctl, operation) }
      }).first
    else { return nil }
    var entry = entries[index].tree
    entry["manager"] = .string(manager)
    entry["operation"] = "Apply"
    return .json([
      ["op": "replace", "path": "/metadata/managedFields/\(index)", "value": entry],
      // Fails with a conflict when somebody changed the object since it was read.
      ["op": "replace", "path": "/metadata/resourceVersion", "value": .string(version)],
    ])
  }

  /// Whether this program has applied the object before.
  public static func isApplied(_ live: KubernetesObject) -> Bool {
    live.managedFields.contains { $0.isOwned(by: FieldManager.vineyardctl, .apply) }
  }

  /// Whether the original program made the object and this one has not taken it over.
  public static func isOriginal(_ live: KubernetesObject) -> Bool {
    !isApplied(live) && live.managedFields.contains { $0.isOwned(by: FieldManager.vineyardctl, .update) }
  }

  /// The names of the fields that this program has applied, nil when it has not.
  public static func appliedFields(_ object: KubernetesObject) -> Value? {
    object.managedFields.first { $0.isOwned(by: FieldManager.vineyardctl, .apply) }?.fields
  }
}

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
