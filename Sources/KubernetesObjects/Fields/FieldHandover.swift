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
