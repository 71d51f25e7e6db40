import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests

/// Default memory of the stores of a cluster whose resource does not name any.
struct DefaultMemory: Sendable {
  let informers: Informers
  /// Asks for the cluster's nodes.
  let nodes: @Sendable () async throws -> [NodeFacts]

  /// Request and limit of the stores' containers: what they were given before, since a change would cost their
  /// contents, else a share of the nodes.
  ///
  /// - Returns: nil when the resource says it, or no node is known.
  func quantity(for spec: VineyarddSpec) async throws -> String? {
    guard spec.store.memory == nil, try spec.store.sizeInBytes() == nil else { return nil }
    let stores = ObjectReference(type: .deployment, namespace: spec.namespace, name: spec.name)
    if let present = informers[stores]?.annotations[Manifests.assumedMemoryAnnotation] {
      return present
    }
    let taken = informers.objects(.deployment).filter { $0.reference != stores }
      .compactMap { deployment in Workload(deployment).containers.first { $0.name == "vineyardd" }?.memoryLimit }
      .reduce(0) { $0 + min($1, 1 << 50) }
    return NodeFacts.defaultStoreMemory(try await nodes(), selector: spec.placement.nodeSelector, taken: taken)
      .map { "\($0 >> 20)Mi" }
  }
}
