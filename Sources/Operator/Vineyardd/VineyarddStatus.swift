import KubernetesObjects

/// The status of a cluster, computed from its workloads.
struct VineyarddStatus: ResourceStatus {
  let resource: KubernetesObject
  /// The stores.
  let deployment: KubernetesObject?
  /// etcd.
  let members: KubernetesObject?
  let progress: Progress
  /// The API server's reason for refusing pods; nil when it refuses none.
  var refusal: String?
  /// What the members of etcd say; nil before they were asked, and where there are none.
  var etcd: EtcdReport?

  private var desired: Int { resource.replicas ?? 3 }
  private var workload: Workload? { deployment.map { Workload($0) } }
  private var readyStores: Int { workload?.ready ?? 0 }
  private var updated: Int { workload?.updated ?? 0 }

  /// Readiness of the stores with respect to the present specification.
  private var stores: Readiness {
    guard let deployment, deployment.replicas == desired else {
      return .pending("waiting for its Deployment")
    }
    return Readiness.of(deployment)
  }

  private var isReady: Bool { progress == .done && stores.isReady && areMembersReady }

  private var areMembersReady: Bool { members.map { Readiness.of($0).isReady } ?? true }

  /// The fields of the status besides conditions.
  var fields: Value {
    var fields: Value = [
      "state": .string(state), "current": Value(readyStores), "replicas": Value(workload?.current ?? 0),
      "updated": Value(updated),
    ]
    if hasEtcd {
      fields["etcd"] = etcd?.tree
    } else if resource.tree["status", "etcd"] != nil {
      fields["etcd"] = .null
    }
    return fields
  }

  private var hasEtcd: Bool { members != nil }

  /// `Pending`, `Progressing`, `Ready` or `Degraded`.
  var state: String {
    switch progress {
    case .invalid, .failed: return "Degraded"
    case .waiting: return "Pending"
    case .done: break
    }
    if isReady { return "Ready" }
    if deployment == nil { return "Pending" }
    if refusal != nil { return "Degraded" }
    return copied("Progressing")?.status == .no ? "Degraded" : "Progressing"
  }

  var conditions: [Condition] {
    [ready, progress.applied] + ["Available", "Progressing", "ReplicaFailure"].compactMap { copied($0) } + metadata
  }

  private var ready: Condition {
    if isReady { return Condition("Ready", true, "StoresReady", "\(readyStores)/\(desired) stores are ready") }
    if let obstacle = progress.obstacle { return obstacle }
    if readyStores == desired && updated < desired {
      return Condition("Ready", false, "RollingOut", "\(updated)/\(desired) stores are up to date")
    }
    if stores.isReady && !areMembersReady {
      let text = "etcd has too few members"
      guard let refusal else { return Condition("Ready", false, "MetadataNotReady", text) }
      return Condition("Ready", false, "PodsRefused", "\(text); pods are refused: \(refusal)")
    }
    // All may be ready while an old one has still to go, or while the controller has not looked yet.
    if readyStores == desired { return Condition("Ready", false, "RollingOut", stores.detail) }
    let text = "\(readyStores)/\(desired) stores are ready"
    if let refusal { return Condition("Ready", false, "PodsRefused", "\(text); pods are refused: \(refusal)") }
    return Condition("Ready", false, "StoresNotReady", text)
  }

  /// A condition of the Deployment, as the original operator copies them.
  private func copied(_ type: String) -> Condition? {
    deployment?.condition(type)
  }

  private var metadata: [Condition] {
    guard hasEtcd else {
      return [
        Condition(
          "MetadataEmbedded", true, "NoSharedMetadata", "each store keeps the metadata of its own objects")
      ]
    }
    let embedded = Condition("MetadataEmbedded", false, "SharedMetadata")
    return [embedded] + (etcd.map { [$0.condition] } ?? [])
  }
}
