import ClusterInventory
import KubernetesObjects
import Manifests
import Synchronization

/// Decides how much memory the stores of a cluster get whose resource does not say.
///
/// Decisions are made one at a time and count from then on: clusters that are created together are worked on side by
/// side, and none of their Deployments exists yet. They count as long as the resource is there, whether or not anybody has
/// worked on its end.
final class AssumedMemory: Sendable {
  /// The resources of clusters that exist.
  private let clusters: @Sendable () -> [KubernetesObject]
  /// The last known state of a Deployment.
  private let deployment: @Sendable (ObjectReference) -> KubernetesObject?
  /// All Deployments of ours.
  private let deployments: @Sendable () -> [KubernetesObject]
  /// Asks for the cluster's nodes.
  private let nodes: @Sendable () async throws -> [NodeFacts]
  /// Sizes that were decided, by the uid of the resource.
  private let decisions = Mutex<[String: String]>([:])

  init(
    clusters: @escaping @Sendable () -> [KubernetesObject],
    deployments: @escaping @Sendable () -> [KubernetesObject],
    deployment: @escaping @Sendable (ObjectReference) -> KubernetesObject?,
    nodes: @escaping @Sendable () async throws -> [NodeFacts]
  ) {
    self.clusters = clusters
    self.deployments = deployments
    self.deployment = deployment
    self.nodes = nodes
  }

  /// Request and limit of the stores' containers: what they were given before, since a change would cost their
  /// contents, else a share of the nodes.
  ///
  /// - Parameter uid: of the cluster's resource.
  /// - Returns: nil when the resource says it.
  /// - Throws: what asking for the nodes throws; `ProgramError` with code `usage` for a size that cannot be read.
  func quantity(for spec: VineyarddSpec, uid: String) async throws -> String? {
    guard try spec.store.statedMemory() == nil else {
      decisions.withLock { $0[uid] = nil }
      return nil
    }
    // Stores of a former resource of this name are about to go, with what they had.
    if let present = deployment(spec.storesReference), present.customResource.map({ $0.uid == uid }) ?? true,
      let memory = present.annotations[Manifests.assumedMemoryAnnotation]
    {
      decisions.withLock { $0[uid] = memory }
      return memory
    }
    let nodes = try await nodes()
    return decisions.withLock { decisions in
      if let decision = decisions[uid] { return decision }
      let taken = taken(besides: uid, spec.storesReference, &decisions)
      let decision = DefaultStoreMemory.share(of: nodes, for: spec.placement, taken: taken)
      decisions[uid] = decision
      return decision
    }
  }

  /// Bytes that the stores of other clusters have, or are about to have. Forgets decisions on clusters that are gone.
  private func taken(besides uid: String, _ stores: ObjectReference, _ decisions: inout [String: String]) -> UInt64 {
    var limits: [ObjectReference: UInt64] = [:]
    var present: Set<String> = []
    for resource in clusters() {
      guard let other = resource.uid else { continue }
      present.insert(other)
      guard let spec = try? VineyarddSpec(customResource: resource) else { continue }
      limits[spec.storesReference] =
        (try? spec.store.statedMemory()) ?? decisions[other].flatMap { Quantity($0)?.bytes }
    }
    decisions = decisions.filter { present.contains($0.key) }
    // What runs counts until it is replaced, also where there never was a resource. What belongs to one that is gone goes:
    // the news of that may come late.
    for deployment in deployments() {
      if let owner = deployment.customResource?.uid, !present.contains(owner) { continue }
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
