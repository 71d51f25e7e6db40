import KubernetesClient
import KubernetesObjects
import Manifests

extension LossForecast {
  /// The stores of one cluster as they are to be.
  struct Cluster {
    let namespace: String
    let name: String
    /// The Deployment as the plan, or the operator of the plan, renders it.
    let planned: KubernetesObject
    /// The same as the present resource is rendered; nil where only the live Deployment can be compared with.
    let before: KubernetesObject?
    /// nil before the first deployment.
    let live: KubernetesObject?
    let manager: String
    /// Whether the plan is about this cluster, and not only about the operator that runs it.
    let isOwn: Bool

    var replicas: Int { planned.replicas ?? 0 }
  }

  /// The clusters that a plan changes: its own, and with a new operator everybody's.
  func clusters(of plan: Plan) async throws -> [Cluster] {
    let bringsOperator = plan.objects.contains { $0.labels["k8s.v6d.io/instance"] == "vineyard-operator" }
    var planned = plan.objects.filter { $0.reference.type == .vineyardd }
    let own = Set(planned.map(\.reference))
    if bringsOperator {
      planned += try await resources().filter { !own.contains($0.reference) && !$0.isBeingDeleted }
    }
    var clusters: [Cluster] = []
    for resource in planned {
      guard
        let cluster = try await cluster(
          of: resource, isRenderedAnew: bringsOperator, isOwn: own.contains(resource.reference))
      else { continue }
      clusters.append(cluster)
    }
    for deployment in plan.objects where deployment.reference.type == .deployment && Self.isStore(deployment) {
      guard let namespace = deployment.namespace else { continue }
      clusters.append(
        Cluster(
          namespace: namespace, name: deployment.name, planned: deployment, before: nil,
          live: try await present(deployment.reference), manager: FieldManager.vineyardctl, isOwn: true))
    }
    return clusters
  }

  private func cluster(
    of resource: KubernetesObject, isRenderedAnew: Bool, isOwn: Bool
  ) async throws -> Cluster? {
    guard let namespace = resource.namespace else { return nil }
    let existing = try await present(resource.reference)
    let live = try await present(ObjectReference(type: .deployment, namespace: namespace, name: resource.name))
    guard let planned = Self.stores(resource, uid: existing?.uid, live) else { return nil }
    // An operator that stays renders both as it always did, whatever this release would make of them.
    let before = isRenderedAnew ? nil : existing.flatMap { Self.stores($0, uid: $0.uid, live) }
    return Cluster(
      namespace: namespace, name: resource.name, planned: planned, before: before, live: live,
      manager: FieldManager.vineyardOperator, isOwn: isOwn)
  }

  /// The Deployment that the operator makes of a resource.
  ///
  /// - Parameter live: whose memory the stores keep when the resource does not say how much they get.
  private static func stores(
    _ resource: KubernetesObject, uid: String?, _ live: KubernetesObject?
  ) -> KubernetesObject? {
    guard var spec = try? VineyarddSpec(customResource: resource) else { return nil }
    spec.store.assumedMemory = live?.annotations[Manifests.assumedMemoryAnnotation]
    let objects = try? Manifests.vineyardd(spec, uid: uid, controlledByOperator: false)
    return objects?.first { $0.reference.type == .deployment }
  }

  private static func isStore(_ deployment: KubernetesObject) -> Bool {
    Workload(deployment).podLabels["app.vineyard.io/role"] == "vineyardd"
  }
}
