import Documents
import KubernetesClient
import Manifests

/// Whose an object is.
enum Ownership {
  /// Whether this program, or the original one under the same name, made the object.
  static func isOurs(_ object: KubernetesObject) -> Bool {
    if object.labels["app.kubernetes.io/managed-by"] == Manifests.creator { return true }
    return object.tree["metadata", "managedFields"]?.array?.contains { entry in
      entry["manager"]?.string == KubernetesClient.fieldManager && entry["subresource"] == nil
    } ?? false
  }

  /// Whether the namespace exists because of `--create-namespace`.
  static func isCreatedByUs(_ namespace: KubernetesObject) -> Bool {
    namespace.annotations[Manifests.createdByAnnotation] == Manifests.creator
  }
}
