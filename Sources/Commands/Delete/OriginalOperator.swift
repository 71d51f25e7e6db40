import Deployer
import KubernetesObjects

/// What the original operator consisted of and ours does not: deleting takes it along.
///
/// Source: the manifests of the original 0.24.2, as it applies them.
enum OriginalOperator {
  static let objects: [KubernetesObject] =
    definitions.map { object(ObjectReference(type: .customResourceDefinition, name: "\($0).k8s.v6d.io")) }
    + Retirement.originalRoles.map { object($0) }

  private static let definitions = ["backups", "globalobjects", "localobjects", "operations", "recovers", "sidecars"]

  private static func object(_ reference: ObjectReference) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": .string(reference.type.apiVersion), "kind": .string(reference.type.kind),
      "metadata": ["name": .string(reference.name)],
    ])
  }
}
