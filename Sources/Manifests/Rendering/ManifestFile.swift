/// A manifest of the folder `manifests/`, embedded into the binary as it stands there.
///
/// A file belongs to the part that renders it, which declares it: those of a kind are in the folder of the kind.
struct ManifestFile: Sendable {
  /// The file's name.
  let name: String
  /// YAML text in UTF-8, one or several documents.
  let bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

extension ManifestFile {
  /// The namespace of an installation.
  static let namespace = ManifestFile("namespace.yaml", PackageResources.namespace_yaml)
  /// Rights and bindings on OpenShift.
  static let openShift = ManifestFile("openshift.yaml", PackageResources.openshift_yaml)
  /// Account and rights of the operator.
  static let operatorAccess = ManifestFile("operator-access.yaml", PackageResources.operator_access_yaml)
  /// Rights of people to the custom resources.
  static let userAccess = ManifestFile("user-access.yaml", PackageResources.user_access_yaml)
  /// Deployment and Services of the operator.
  static let `operator` = ManifestFile("operator.yaml", PackageResources.operator_yaml)
  /// Admission of the custom resources.
  static let webhooks = ManifestFile("webhooks.yaml", PackageResources.webhooks_yaml)
}
