import KubernetesClient
import KubernetesObjects
import Manifests

/// Whose an object is.
public enum Ownership {
  /// Whether this program, or the original one under the same name, made the object.
  static func isOurs(_ object: KubernetesObject) -> Bool {
    if object.labels["app.kubernetes.io/managed-by"] == Manifests.creator { return true }
    return isEtcdClaim(object) || isSidecarLease(object) || isBareAccount(object)
      || isWritten(object, by: FieldManager.vineyardctl)
  }

  /// Whether the namespace exists because of `--create-namespace`, or of the original, which always made it.
  public static func isCreatedByUs(_ namespace: KubernetesObject) -> Bool {
    namespace.annotations[Manifests.createdByAnnotation] == Manifests.creator
      || isWritten(namespace, by: FieldManager.vineyardctl)
  }

  /// The replicas of a workload, if this program was the last to say how many.
  public static func appliedReplicas(of workload: KubernetesObject) -> Int? {
    let isOurs = workload.managedFields.contains { fields in
      fields.isOwned(by: FieldManager.vineyardctl, .apply) && fields.fields?["f:spec", "f:replicas"] != nil
    }
    return isOurs ? workload.replicas : nil
  }

  /// A StatefulSet leaves the claims of its members behind.
  private static func isEtcdClaim(_ object: KubernetesObject) -> Bool {
    object.kind == "PersistentVolumeClaim" && object.labels["app.vineyard.io/role"] == "etcd"
      && object.labels["app.vineyard.io/name"] != nil
  }

  /// The sidecars of the driver elect leaders by Leases of their own, and leave them behind.
  private static func isSidecarLease(_ object: KubernetesObject) -> Bool {
    object.kind == "Lease" && Manifests.sidecarLeases.contains(object.name)
  }

  /// An account without labels, as the original makes it, has no fields and so bears no sign of who made it.
  private static func isBareAccount(_ object: KubernetesObject) -> Bool {
    object.kind == "ServiceAccount" && object.managedFields.isEmpty
  }

  private static func isWritten(_ object: KubernetesObject, by manager: String) -> Bool {
    object.managedFields.contains { $0.isOwned(by: manager) }
  }
}
