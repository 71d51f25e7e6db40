import KubernetesClient
import KubernetesObjects

@testable import Operator

/// Objects for tests.
enum Samples {
  /// An object of the namespace `n`.
  static func object(
    _ kind: String = "Deployment", _ name: String = "a", version: Int = 1, uid: String = "u", owner: String? = nil,
    apiVersion: String = "apps/v1"
  ) -> KubernetesObject {
    var object = KubernetesObject([
      "apiVersion": .string(apiVersion), "kind": .string(kind),
      "metadata": [
        "name": .string(name), "namespace": "n", "uid": .string(uid), "resourceVersion": .string(String(version)),
      ],
    ])
    if let owner {
      object.tree["metadata", "ownerReferences"] = [
        [
          "apiVersion": "k8s.v6d.io/v1alpha1", "kind": "Vineyardd", "name": .string("of-\(owner)"),
          "uid": .string(owner), "controller": true,
        ]
      ]
    }
    return object
  }

  static func cluster(_ name: String = "a", replicas: Int = 3, generation: Int = 1) -> KubernetesObject {
    var cluster = object("Vineyardd", name, apiVersion: "k8s.v6d.io/v1alpha1")
    cluster.tree["metadata", "generation"] = Value(generation)
    cluster.tree["spec", "replicas"] = Value(replicas)
    return cluster
  }

  /// A Deployment whose controller is up to date.
  static func stores(_ desired: Int, ready: Int, updated: Int? = nil, generation: Int = 1, observed: Int = 1)
    -> KubernetesObject
  {
    var stores = object()
    stores.tree["metadata", "generation"] = Value(generation)
    stores.tree["spec", "replicas"] = Value(desired)
    stores.tree["status"] = [
      "observedGeneration": Value(observed), "replicas": Value(desired), "readyReplicas": Value(ready),
      "availableReplicas": Value(ready), "updatedReplicas": Value(updated ?? desired),
    ]
    return stores
  }

  static func driver(_ name: String, created: String, clusters: [String]) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": "k8s.v6d.io/v1alpha1", "kind": "CSIDriver",
      "metadata": ["name": .string(name), "uid": .string(name), "creationTimestamp": .string(created)],
      "spec": ["clusters": .array(clusters.map { ["namespace": "n", "name": .string($0)] })],
    ])
  }
}
