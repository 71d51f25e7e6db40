import KubernetesObjects

extension ObjectType {
  public static let vineyardd = ObjectType(apiVersion: Manifests.apiVersion, kind: "Vineyardd")
}

extension ResourceKind {
  /// A cluster of stores.
  public static let vineyardd = ResourceKind(
    type: .vineyardd, isNamespaced: true,
    definition: ManifestFile("crd-vineyardds.yaml", PackageResources.crd_vineyardds_yaml), spec: VineyarddSpec.self,
    imagePath: ["vineyard", "image"],
    ownedTypes: [
      .deployment, .statefulSet, .service, .serviceAccount, .persistentVolumeClaim, .persistentVolume,
      .disruptionBudget, .networkPolicy, .roleBinding,
    ],
    isDeletionGuarded: true, readiness: vineyarddReadiness, workload: stores(of:))

  @Sendable private static func stores(of cluster: KubernetesObject) -> Workload? {
    ("stores", ObjectReference(type: .deployment, namespace: cluster.namespace, name: cluster.name))
  }

  /// `status.current` is what the original operator sets; ours also says which generation it has seen.
  @Sendable private static func vineyarddReadiness(_ cluster: KubernetesObject) -> Readiness {
    let desired = cluster.replicas ?? 3
    let current = cluster.tree["status", "current"]?.int ?? 0
    guard cluster.tree["status"] != nil, isSeen(cluster) else { return .pending(unseen) }
    let ready = cluster.condition("Ready")
    guard current == desired else {
      // The refusal of pods tells more than their number.
      if let ready, ready.reason == "PodsRefused" { return .pending(ready.message) }
      let updated = cluster.tree["status", "updated"]?.int ?? desired
      return .pending("\(current)/\(desired) ready\(updated < desired ? ", \(updated) updated" : "")")
    }
    // All may be ready while old ones are still to be replaced.
    return (ready?.complaint).map { .pending($0) } ?? .ready("\(current)/\(desired) ready")
  }
}

extension ManifestFile {
  /// The stores of a cluster.
  static let vineyardd = ManifestFile("vineyardd.yaml", PackageResources.vineyardd_yaml)
  /// Volume and claim that the stores spill to.
  static let spill = ManifestFile("vineyardd-spill.yaml", PackageResources.vineyardd_spill_yaml)
  /// The etcd of a cluster.
  static let etcd = ManifestFile("etcd.yaml", PackageResources.etcd_yaml)
}

extension VineyarddSpec: ResourceSpec {
  /// Reads a resource.
  ///
  /// - Throws: `ProgramError` with code `usage` for another kind, a wrong type or an unknown field.
  public init(customResource: KubernetesObject) throws {
    try self.init(customResource: customResource, namespace: "vineyard-system")
  }

  /// The objects of a cluster.
  ///
  /// - Throws: `ProgramError` with code `usage` for settings that make no sense.
  public func objects(namespace: String, uid: String?, platform: Platform) throws -> [KubernetesObject] {
    try Manifests.vineyardd(self, uid: uid, controlledByOperator: true, platform: platform)
  }
}
