import KubernetesObjects

extension Manifests {
  /// The objects of a CSI driver in the order in which to apply them: accounts and rights, what Kubernetes knows of the
  /// driver, workloads, StorageClasses, and what reaches into the namespaces of the clusters.
  ///
  /// - Parameters:
  ///   - namespace: where the workloads run.
  ///   - platform: what the cluster is.
  ///   - uid: of the custom resource, which then owns all objects.
  /// - Throws: `ProgramError` with code `usage` for a spec that makes no sense.
  public static func csiDriver(
    _ spec: CSIDriverSpec, namespace: String, platform: Platform = .plain, uid: String? = nil
  ) throws -> [KubernetesObject] {
    try spec.validate()
    try Rule.name(namespace, "namespace")
    var spec = spec
    spec.placement.seLinuxOptions = spec.placement.seLinuxOptions ?? platform.nodeContext

    var access = try ManifestDocuments(.csiAccess)
    spec.bindRoles(&access, to: "csi-controller")
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
    let snapshots = try snapshots(spec, namespace: namespace)
    var objects = access.objects + snapshots + [driver] + controller.objects + node.objects + classes
    objects =
      try constraintBindings(objects, platform) { $0.name.hasSuffix("-node") ? .privileged : .nonroot } + objects
    // Last, since the namespace of a cluster that comes later is not there yet.
    objects += try adminTokens(spec, namespace: namespace)
    if let uid {
      let owner = ownerReference("CSIDriver", name: spec.name, uid: uid)
      for index in objects.indices { objects[index].tree["metadata", "ownerReferences"] = [owner] }
    }
    return objects
  }

  /// The right to the clusters' admin tokens, for each of their namespaces.
  private static func adminTokens(_ spec: CSIDriverSpec, namespace: String) throws -> [KubernetesObject] {
    var names: [String: [String]] = [:]
    for cluster in spec.clusters {
      names[cluster.namespace, default: []].append(AdminToken.secretName(ofCluster: cluster.name))
    }
    return try names.sorted { $0.key < $1.key }.flatMap { clusters, secrets in
      var documents = try ManifestDocuments(.csiAdminTokens)
      try documents.edit("Role") { role in
        role.tree["rules"]?.mapElements { $0["resourceNames"] = .array(secrets.map { .string($0) }) }
      }
      spec.bindRoles(&documents, to: "csi-admin-tokens")
      spec.place(&documents, in: namespace)
      documents.editAll { $0.namespace = clusters }
      return documents.objects
    }
  }

  /// Objects that snapshots take besides a container: rights, and a class for each cluster.
  private static func snapshots(_ spec: CSIDriverSpec, namespace: String) throws -> [KubernetesObject] {
    guard spec.sidecar.enableSnapshots else { return [] }
    var documents = try ManifestDocuments(.csiSnapshots)
    spec.bindRoles(&documents, to: "csi-snapshots")
    spec.place(&documents, in: namespace)
    return documents.objects.flatMap { object in
      guard object.kind == "VolumeSnapshotClass" else { return [object] }
      return spec.clusters.map { cluster in
        var snapshotClass = object
        snapshotClass.name = cluster.storageClassName
        snapshotClass.setLabel("app.vineyard.io/name", cluster.name)
        return snapshotClass
      }
    }
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
    storageClass.tree["parameters", "scope"] = (cluster.scope ?? scope).map { .string($0) }
    storageClass.tree["parameters", "onDelete"] = (cluster.onDelete ?? onDelete).map { .string($0) }
    storageClass.tree["parameters", "quota"] = (cluster.quota ?? quota).map { .string($0) }
    storageClass.tree["parameters", "overwrite"] = (cluster.overwrite ?? overwrite).map { .string($0) }
    storageClass.tree["parameters", "deletedMemory"] = (cluster.deletedMemory ?? deletedMemory).map { .string($0) }
    storageClass.tree["parameters", "locality"] = (cluster.locality ?? locality).map { .string($0) }
    return storageClass
  }

  /// Lets the bindings name this driver's roles, which are called alike, and the account of its controller.
  fileprivate func bindRoles(_ documents: inout ManifestDocuments, to role: String) {
    documents.editAll { object in
      guard object.kind.hasSuffix("Binding") else { return }
      object.tree["roleRef", "name"] = .string("\(name)-\(role)")
      object.tree["subjects"]?.mapElements { $0["name"] = .string("\(name)-controller") }
    }
  }

  fileprivate func place(_ documents: inout ManifestDocuments, in namespace: String) {
    documents.rename("csidriver-sample", to: name)
    documents.move(to: namespace)
    documents.label()
    documents.editAll { $0.setLabel("app.vineyard.io/name", name) }
  }
}
