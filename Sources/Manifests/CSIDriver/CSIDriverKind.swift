import KubernetesObjects
import ManifestFiles

extension ObjectType {
  /// The resource of ours; `registeredDriver` is what Kubernetes knows of the driver.
  public static let csiDriver = ObjectType(apiVersion: Manifests.apiVersion, kind: "CSIDriver")
}

extension ResourceKind {
  /// A CSI driver for volumes in clusters.
  public static let csiDriver = ResourceKind(
    type: .csiDriver, plural: "csidrivers", isNamespaced: false, definition: .csiDriverDefinition,
    spec: CSIDriverSpec.self, imagePath: ["image"],
    ownedTypes: [
      .deployment, .daemonSet, .serviceAccount, .disruptionBudget, .role, .roleBinding, .clusterRole,
      .clusterRoleBinding, .storageClass, .registeredDriver,
    ],
    optionalTypes: [.snapshotClass], readiness: csiDriverReadiness)

  private static func csiDriverReadiness(_ driver: KubernetesObject) -> Readiness {
    guard let state = driver.tree["status", "state"]?.string, !state.isEmpty, isSeen(driver) else {
      return .pending(unseen)
    }
    return state == "running" ? .ready("running") : .pending(driver.condition("Ready")?.complaint ?? state)
  }
}

extension CSIDriverSpec: ResourceSpec {
  /// The objects of a driver.
  ///
  /// - Throws: `ProgramError` with code `usage` for settings that make no sense.
  public func objects(namespace: String, uid: String?, platform: Platform) throws -> [KubernetesObject] {
    try Manifests.csiDriver(self, namespace: namespace, platform: platform, uid: uid)
  }
}
