import KubernetesObjects

extension ObjectType {
  /// The resource of ours; `registeredDriver` is what Kubernetes knows of the driver.
  public static let csiDriver = ObjectType(apiVersion: Manifests.apiVersion, kind: "CSIDriver")
}

extension ResourceKind {
  /// A CSI driver for volumes in clusters.
  public static let csiDriver = ResourceKind(
    type: .csiDriver, isNamespaced: false,
    definition: ManifestFile("crd-csidrivers.yaml", PackageResources.crd_csidrivers_yaml), spec: CSIDriverSpec.self,
    ownedTypes: [
      .deployment, .daemonSet, .serviceAccount, .disruptionBudget, .role, .roleBinding, .clusterRole,
      .clusterRoleBinding, .storageClass, .registeredDriver,
    ],
    optionalTypes: [.snapshotClass], readiness: csiDriverReadiness, concerns: serves)

  /// Whether a driver serves clusters of a namespace.
  @Sendable private static func serves(_ driver: KubernetesObject, _ namespace: String) -> Bool {
    (driver.tree["spec", "clusters"]?.array ?? []).contains { $0["namespace"]?.string == namespace }
  }

  @Sendable private static func csiDriverReadiness(_ driver: KubernetesObject) -> Readiness {
    guard let state = driver.tree["status", "state"]?.string, !state.isEmpty, isSeen(driver) else {
      return .pending(unseen)
    }
    return state == "running" ? .ready("running") : .pending(driver.condition("Ready")?.complaint ?? state)
  }
}

extension ManifestFile {
  /// What Kubernetes knows of the driver.
  static let csiDriver = ManifestFile("csi-driver.yaml", PackageResources.csi_driver_yaml)
  /// Accounts and rights of the driver.
  static let csiAccess = ManifestFile("csi-access.yaml", PackageResources.csi_access_yaml)
  /// The right of the driver to the admin tokens of its clusters, in one namespace.
  static let csiAdminTokens = ManifestFile("csi-admin-tokens.yaml", PackageResources.csi_admin_tokens_yaml)
  /// What the driver needs for snapshots.
  static let csiSnapshots = ManifestFile("csi-snapshots.yaml", PackageResources.csi_snapshots_yaml)
  /// The controller of the driver.
  static let csiController = ManifestFile("csi-controller.yaml", PackageResources.csi_controller_yaml)
  /// The node plugin of the driver.
  static let csiNode = ManifestFile("csi-node.yaml", PackageResources.csi_node_yaml)
}

extension CSIDriverSpec: ResourceSpec {
  /// The objects of a driver.
  ///
  /// - Throws: `ProgramError` with code `usage` for settings that make no sense.
  public func objects(namespace: String, uid: String?, platform: Platform) throws -> [KubernetesObject] {
    try Manifests.csiDriver(self, namespace: namespace, platform: platform, uid: uid)
  }
}
