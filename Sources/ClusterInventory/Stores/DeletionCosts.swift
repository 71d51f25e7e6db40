import KubernetesClient
import KubernetesObjects
import Support

/// Tells Kubernetes which stores to keep when there are to be fewer.
///
/// Source: Kubernetes documentation, "ReplicaSet", pod deletion cost: among pods that are ready, the cheapest goes first.
public struct DeletionCosts: Sendable {
  static let annotation = "controller.kubernetes.io/pod-deletion-cost"

  private let log: Log
  private let patch: @Sendable (ObjectReference, Patch) async throws -> Void

  /// - Parameter patch: changes a pod.
  public init(log: Log, patch: @escaping @Sendable (ObjectReference, Patch) async throws -> Void) {
    self.log = log
    self.patch = patch
  }

  /// Writes costs onto pods. A pod that is gone needs none; who may not change pods lets Kubernetes choose.
  public func set(_ costs: [ObjectReference: Int]) async throws {
    for (pod, cost) in costs.sorted(by: { $0.key.name < $1.key.name }) {
      do {
        try await patch(pod, .merge(["metadata": ["annotations": [Self.annotation: .string(String(cost))]]]))
      } catch let error as KubernetesError where error.isNotFound || error.isForbidden {
        log.warning("\(pod) gets no deletion cost: \(error.message)")
      }
    }
  }
}

extension [StoreContent] {
  /// Deletion costs by pod.
  public func costs(in namespace: String) -> [ObjectReference: Int] {
    reduce(into: [:]) { costs, store in
      costs[ObjectReference(type: .pod, namespace: namespace, name: store.pod)] = store.deletionCost
    }
  }
}

extension StoreContents {
  /// Deletion costs of the stores of a cluster, by pod.
  public func costs(namespace: String, name: String) async throws -> [ObjectReference: Int] {
    try await read(namespace: namespace, name: name).costs(in: namespace)
  }
}
