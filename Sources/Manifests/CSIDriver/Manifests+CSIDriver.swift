import Documents
import ManifestFiles

extension Manifests {
  /// The objects of a CSI driver in the order in which to apply them: accounts and rights, what Kubernetes knows of the
  /// driver, workloads, StorageClasses.
  ///
  /// - Parameters:
  ///   - namespace: where the workloads run.
  ///   - uid: of the custom resource, which then owns all objects.
  /// - Throws: `CommandError` with code `usage` for a spec that makes no sense.
  public static func csiDriver(
    _ spec: CSIDriverSpec, namespace: String, uid: String? = nil
  ) throws -> [KubernetesObject] {
    try spec.validate()
    try Rule.name(namespace, "namespace")

    var access = try ManifestDocuments(.csiAccess)
    try spec.bindRoles(&access)
    spec.place(&access, in: namespace)

    var controller = try ManifestDocuments(.csiController)
    try controller.edit("Deployment") { try spec.fillController(&$0) }
    try controller.edit("PodDisruptionBudget") { budget in
      budget.tree["spec", "selector", "matchLabels", "app"] = .string("\(spec.name)-csi-driver")
    }
    spec.place(&controller, in: namespace)

    var node = try ManifestDocuments(.csiNode)
    try node.edit("DaemonSet") { try spec.fillNodePlugin(&$0) }
    spec.place(&node, in: namespace)

    let (driver, classes) = try storage(spec)
    var objects = access.objects + [driver] + controller.objects + node.objects + classes
    if let uid {
      let owner = ownerReference("CSIDriver", name: spec.name, uid: uid)
      for index in objects.indices { objects[index].tree["metadata", "ownerReferences"] = [owner] }
    }
    return objects
  }

  /// The driver as Kubernetes knows it, and the StorageClasses.
  private static func storage(_ spec: CSIDriverSpec) throws -> (KubernetesObject, [KubernetesObject]) {
    var documents = try ManifestDocuments(.csiDriver)
    documents.label()
    var driver = KubernetesObject([:])
    var sample = driver
    try documents.edit("CSIDriver") { object in
      object.tree["spec", "storageCapacity"] = .boolean(spec.sidecar.enableTopology)
      driver = object
    }
    try documents.edit("StorageClass") { sample = $0 }
    var classes = spec.clusters.map { spec.storageClass(sample, of: $0, name: $0.storageClassName) }
    if let name = spec.storageClassName, let first = spec.clusters.first {
      classes.append(spec.storageClass(sample, of: first, name: name))
    }
    return (driver, classes)
  }
}

extension CSIDriverSpec {
  fileprivate func storageClass(_ sample: KubernetesObject, of cluster: Cluster, name: String) -> KubernetesObject {
    var storageClass = sample
    storageClass.name = name
    storageClass.setLabel("app.vineyard.io/name", cluster.name)
    storageClass.tree["volumeBindingMode"] = .string(volumeBindingMode)
    storageClass.tree["parameters"] = [
      "k8s.v6d.io/vineyard/namespace": .string(cluster.namespace), "k8s.v6d.io/vineyard/name": .string(cluster.name),
    ]
    storageClass.tree["parameters", "scope"] = scope.map { .string($0) }
    storageClass.tree["parameters", "onDelete"] = onDelete.map { .string($0) }
    return storageClass
  }

  fileprivate func bindRoles(_ documents: inout ManifestDocuments) throws {
    for kind in ["ClusterRoleBinding", "RoleBinding"] {
      try documents.edit(kind) { binding in
        binding.tree["roleRef", "name"] = .string("\(name)-csi-controller")
        binding.tree["subjects"]?.mapElements { $0["name"] = .string("\(name)-controller") }
      }
    }
  }

  fileprivate func place(_ documents: inout ManifestDocuments, in namespace: String) {
    documents.rename("csidriver-sample", to: name)
    documents.move(to: namespace)
    documents.label()
    documents.editAll { $0.setLabel("app.vineyard.io/name", name) }
  }
}
