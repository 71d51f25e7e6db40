import Documents

/// What the original operator consisted of and ours does not: deploying leaves it, deleting takes it along.
///
/// Source: the manifests of the original 0.24.2, as it applies them.
enum OriginalOperator {
  static let objects: [KubernetesObject] =
    definitions.map { object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "\($0).k8s.v6d.io") }
    + roles.map { object("rbac.authorization.k8s.io/v1", "ClusterRole", $0) }
    + bindings.map { object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", $0) }

  private static let definitions = ["backups", "globalobjects", "localobjects", "operations", "recovers", "sidecars"]
  private static let roles = ["vineyard-proxy-role", "vineyard-scheduler-plugin-role"]
  private static let bindings = [
    "vineyard-kube-scheduler-rolebinding", "vineyard-proxy-rolebinding", "vineyard-scheduler-plugin-rolebinding",
    "vineyard-scheduler-rolebinding", "vineyard-volume-scheduler-rolebinding",
  ]

  private static func object(_ apiVersion: String, _ kind: String, _ name: String) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": ["name": .string(name)],
    ])
  }
}
