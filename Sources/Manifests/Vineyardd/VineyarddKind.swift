import KubernetesObjects
import ManifestFiles

extension ObjectType {
  public static let vineyardd = ObjectType(apiVersion: Manifests.apiVersion, kind: "Vineyardd")
}

extension ResourceKind {
  /// A cluster of stores.
  public static let vineyardd = ResourceKind(
    type: .vineyardd, plural: "vineyardds", isNamespaced: true, definition: .vineyarddDefinition,
    spec: VineyarddSpec.self, imagePath: ["vineyard", "image"],
    ownedTypes: [
      .deployment, .statefulSet, .service, .serviceAccount, .persistentVolumeClaim, .persistentVolume,
      .disruptionBudget, .roleBinding,
    ],
    optionalTypes: [], readiness: vineyarddReadiness)

  /// `status.current` is what the original operator sets; ours also says which generation it has seen.
  private static func vineyarddReadiness(_ cluster: KubernetesObject) -> Readiness {
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

  /// Whether the operator has seen the present specification; the original's does not say which one it has seen.
  static func isSeen(_ resource: KubernetesObject) -> Bool {
    resource.tree["status", "observedGeneration"] == nil || resource.isObserved
  }
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
