import ClusterInventory
import KubernetesObjects
import Manifests
import Synchronization

/// Decides how much memory the stores of a cluster get whose resource does not say.
///
/// Decisions are made one at a time and count from then on: clusters that are created together are worked on side by
/// side, and none of their Deployments exists yet.
final class AssumedMemory: Sendable {
  private let informers: Informers
  /// Asks for the cluster's nodes.
  private let nodes: @Sendable () async throws -> [NodeFacts]
  /// Sizes that were decided, by the Deployment of the stores, until the resource says otherwise or is gone.
  private let decisions = Mutex<[ObjectReference: String]>([:])

  init(informers: Informers, nodes: @escaping @Sendable () async throws -> [NodeFacts]) {
    self.informers = informers
    self.nodes = nodes
  }

  /// Request and limit of the stores' containers: what they were given before, since a change would cost their
  /// contents, else a share of the nodes.
  ///
  /// - Returns: nil when the resource says it.
  /// - Throws: what asking for the nodes throws; `ProgramError` with code `usage` for a size that cannot be read.
  func quantity(for spec: VineyarddSpec) async throws -> String? {
    let stores = spec.storesReference
    guard try spec.store.statedMemory() == nil else {
      forget(stores)
      return nil
    }
    if let present = informers[stores]?.annotations[Manifests.assumedMemoryAnnotation] {
      decisions.withLock { $0[stores] = present }
      return present
    }
    let nodes = try await nodes()
    return decisions.withLock { decisions in
      if let decision = decisions[stores] { return decision }
      let decision = DefaultStoreMemory.share(of: nodes, for: spec.placement, taken: taken(besides: stores, decisions))
      decisions[stores] = decision
      return decision
    }
  }

  /// Gives back what a cluster was promised that is gone.
  func forget(_ stores: ObjectReference) { decisions.withLock { $0[stores] = nil } }

  /// Bytes that the stores of other clusters have, or are about to have.
  private func taken(besides stores: ObjectReference, _ decisions: [ObjectReference: String]) -> UInt64 {
    var limits = decisions.compactMapValues { Quantity($0)?.bytes }
    for spec in informers.resources(of: .vineyardd).all.compactMap({ try? VineyarddSpec(customResource: $0) }) {
      limits[spec.storesReference] = (try? spec.store.statedMemory()) ?? limits[spec.storesReference]
    }
    // What runs counts until it is replaced, also where its resource is gone or there never was one.
    for deployment in informers.objects(.deployment) {
      guard let limit = DefaultStoreMemory.limit(of: deployment) else { continue }
      limits[deployment.reference] = max(limit, limits[deployment.reference] ?? 0)
    }
    limits[stores] = nil
    return DefaultStoreMemory.sum(limits.values)
  }
}

extension VineyarddSpec {
  /// The Deployment of the stores.
  fileprivate var storesReference: ObjectReference {
    ObjectReference(type: .deployment, namespace: namespace, name: name)
  }
}
