/// Accessors of claims, volumes and storage classes (core/v1, storage.k8s.io/v1).
extension KubernetesObject {
  /// The class of a PersistentVolumeClaim or PersistentVolume; nil when it has none.
  public var storageClassName: String? { tree["spec", "storageClassName"]?.string }
  /// The volume that a PersistentVolumeClaim is bound to; nil while it is bound to none.
  public var volumeName: String? { tree["spec", "volumeName"]?.string }

  /// The CSI driver that gives out the volumes of a StorageClass.
  public var provisioner: String? { tree["provisioner"]?.string }
  /// The parameters of a StorageClass.
  public var parameters: [String: String] { tree["parameters"]?.stringFields ?? [:] }
}

/// Accessors of a CustomResourceDefinition (apiextensions.k8s.io/v1).
extension KubernetesObject {
  /// The type of the resources that it defines, in the first version that is served; nil for what is no definition.
  public var definedType: ObjectType? {
    let spec = tree["spec"]
    guard let group = spec?["group"]?.string, let kind = spec?["names", "kind"]?.string,
      let version = spec?["versions"]?.array?.first(where: { $0["served"]?.bool == true })?["name"]?.string
    else { return nil }
    return ObjectType(apiVersion: "\(group)/\(version)", kind: kind)
  }

  /// Whether the resources that it defines are in namespaces.
  public var definesNamespacedType: Bool { tree["spec", "scope"]?.string == "Namespaced" }
}
