/// A manifest as it stands in this folder, embedded into the binary.
public struct ManifestFile: Sendable {
  /// The file's name.
  public let name: String
  /// YAML text in UTF-8, one or several documents.
  public let bytes: [UInt8]

  private init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// The namespace of an installation.
  public static var namespace: ManifestFile { Self("namespace.yaml", PackageResources.namespace_yaml) }

  /// The custom resource of a cluster.
  public static var vineyarddDefinition: ManifestFile {
    Self("crd-vineyardds.yaml", PackageResources.crd_vineyardds_yaml)
  }
  /// The custom resource of a CSI driver.
  public static var csiDriverDefinition: ManifestFile {
    Self("crd-csidrivers.yaml", PackageResources.crd_csidrivers_yaml)
  }

  /// Account and rights of the operator.
  public static var operatorAccess: ManifestFile {
    Self("operator-access.yaml", PackageResources.operator_access_yaml)
  }
  /// What the operator needs on OpenShift.
  public static var openShift: ManifestFile { Self("openshift.yaml", PackageResources.openshift_yaml) }
  /// Rights of people to the custom resources.
  public static var userAccess: ManifestFile { Self("user-access.yaml", PackageResources.user_access_yaml) }
  /// Deployment and Services of the operator.
  public static var `operator`: ManifestFile { Self("operator.yaml", PackageResources.operator_yaml) }
  /// Admission of the custom resources.
  public static var webhooks: ManifestFile { Self("webhooks.yaml", PackageResources.webhooks_yaml) }

  /// The stores of a cluster.
  public static var vineyardd: ManifestFile { Self("vineyardd.yaml", PackageResources.vineyardd_yaml) }
  /// Volume and claim that the stores spill to.
  public static var spill: ManifestFile { Self("vineyardd-spill.yaml", PackageResources.vineyardd_spill_yaml) }
  /// The etcd of a cluster.
  public static var etcd: ManifestFile { Self("etcd.yaml", PackageResources.etcd_yaml) }

  /// What Kubernetes knows of the CSI driver.
  public static var csiDriver: ManifestFile { Self("csi-driver.yaml", PackageResources.csi_driver_yaml) }
  /// Accounts and rights of the CSI driver.
  public static var csiAccess: ManifestFile { Self("csi-access.yaml", PackageResources.csi_access_yaml) }
  /// The right of the CSI driver to the admin tokens of its clusters, in one namespace.
  public static var csiAdminTokens: ManifestFile {
    Self("csi-admin-tokens.yaml", PackageResources.csi_admin_tokens_yaml)
  }
  /// What the CSI driver needs for snapshots.
  public static var csiSnapshots: ManifestFile { Self("csi-snapshots.yaml", PackageResources.csi_snapshots_yaml) }
  /// The controller of the CSI driver.
  public static var csiController: ManifestFile {
    Self("csi-controller.yaml", PackageResources.csi_controller_yaml)
  }
  /// The node plugin of the CSI driver.
  public static var csiNode: ManifestFile { Self("csi-node.yaml", PackageResources.csi_node_yaml) }

  /// Every file.
  public static var all: [ManifestFile] {
    [
      namespace, vineyarddDefinition, csiDriverDefinition, operatorAccess, userAccess, openShift, `operator`,
      webhooks, vineyardd, spill, etcd,
      csiDriver, csiAccess, csiAdminTokens, csiSnapshots, csiController, csiNode,
    ]
  }
}
