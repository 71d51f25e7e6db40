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
    guard let entries = live.tree["metadata", "managedFields"]?.array, let version = live.resourceVersion,
      !entries.contains(where: { isOwn($0, manager, operation: "Apply") }),
      let index = (isToOther ? ["Apply", "Update"] : ["Update"]).lazy.compactMap({ operation in
        entries.firstIndex { isOurs($0, operation: operation) }
      }).first
    else { return nil }
    var entry = entries[index]
    entry["manager"] = .string(manager)
    entry["operation"] = "Apply"
    return .json([
      ["op": "replace", "path": "/metadata/managedFields/\(index)", "value": entry],
      // Fails with a conflict when somebody changed the object since it was read.
      ["op": "replace", "path": "/metadata/resourceVersion", "value": .string(version)],
    ])
  }

  /// Whether this program has applied the object before.
  public static func isApplied(_ live: KubernetesObject) -> Bool { hasEntry(live, operation: "Apply") }

  /// Whether the original program made the object and this one has not taken it over.
  public static func isOriginal(_ live: KubernetesObject) -> Bool {
    !isApplied(live) && hasEntry(live, operation: "Update")
  }

  /// The names of the fields that this program has applied, nil when it has not.
  public static func appliedFields(_ object: KubernetesObject) -> Value? {
    object.tree["metadata", "managedFields"]?.array?.first { isOurs($0, operation: "Apply") }?["fieldsV1"]
  }

  private static func hasEntry(_ live: KubernetesObject, operation: String) -> Bool {
    live.tree["metadata", "managedFields"]?.array?.contains { isOurs($0, operation: operation) } ?? false
  }

  private static func isOurs(_ entry: Value, operation: String) -> Bool {
    isOwn(entry, FieldManager.vineyardctl, operation: operation)
  }

  private static func isOwn(_ entry: Value, _ manager: String, operation: String) -> Bool {
    entry["manager"]?.string == manager && entry["operation"]?.string == operation && entry["subresource"] == nil
  }
}
