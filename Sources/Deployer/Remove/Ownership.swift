import Documents

/// Whose an object is.
enum Ownership {
  /// The annotation of a namespace that `--create-namespace` made.
  static let createdAnnotation = "k8s.v6d.io/created-by"

  /// Whether this program, or the original one under the same name, made the object.
  static func isOurs(_ object: KubernetesObject) -> Bool {
    if object.labels["app.kubernetes.io/managed-by"] == "vineyardctl" { return true }
    return object.tree["metadata", "managedFields"]?.array?.contains { entry in
      entry["manager"]?.string == "vineyardctl" && entry["subresource"] == nil
    } ?? false
  }

  /// Whether the namespace exists because of `--create-namespace`.
  static func isCreatedByUs(_ namespace: KubernetesObject) -> Bool {
    namespace.annotations[createdAnnotation] == "vineyardctl"
  }
}
