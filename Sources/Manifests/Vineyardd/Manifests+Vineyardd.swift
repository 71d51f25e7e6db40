import KubernetesObjects

extension Manifests {
  /// The objects of a cluster in the order in which to apply them: etcd, volumes, the admin token, Services, stores.
  /// The Secrets of etcd are empty: who applies them issues certificates (`EtcdSecret`).
  ///
  /// - Parameters:
  ///   - uid: of the custom resource, where there is one; the stores name it as the owner of what they mirror.
  ///   - controlledByOperator: whether the custom resource is written down as the owner, so that the objects go with
  ///     it. Not for the PersistentVolume: an object of the cluster cannot belong to one of a namespace.
  ///   - platform: what the cluster is.
  ///   - adminToken: counts only where the cluster has none (`KubernetesObject.isMadeOnce`).
  /// - Throws: `ProgramError` with code `usage` for a spec that makes no sense.
  public static func vineyardd(
    _ spec: VineyarddSpec, uid: String?, controlledByOperator: Bool, platform: Platform = .plain,
    adminToken: AdminToken = .random()
  ) throws -> [KubernetesObject] {
    try spec.validate()
    var spec = spec
    spec.placement.seLinuxOptions = spec.placement.seLinuxOptions ?? platform.nodeContext
    var objects = try (spec.usesEtcd ? etcd(spec) : []) + spill(spec) + stores(spec, uid: uid, adminToken)
    objects = try constraintBindings(objects, platform) { $0.name == spec.name ? .privileged : .nonroot } + objects
    if controlledByOperator, let uid {
      let owner = ownerReference("Vineyardd", name: spec.name, uid: uid)
      for index in objects.indices where objects[index].namespace != nil {
        objects[index].tree["metadata", "ownerReferences"] = [owner]
      }
    }
    return objects
  }

  private static func stores(
    _ spec: VineyarddSpec, uid: String?, _ adminToken: AdminToken
  ) throws -> [KubernetesObject] {
    var documents = try ManifestDocuments(.vineyardd)
    if !spec.metric.enable { documents.remove("Service", suffix: "-metrics") }
    try documents.edit("Secret") { $0.tree["data"] = adminToken.data }
    try documents.edit("Deployment") { try spec.fillDeployment(&$0, uid: uid) }
    try documents.edit("PodDisruptionBudget") { budget in
      budget.tree["spec", "selector", "matchLabels"] = Value(spec.podLabels(role: "vineyardd"))
    }
    documents.editAll { object in
      if object.kind == "Service" { object.tree["spec", "selector"] = Value(spec.podLabels(role: "vineyardd")) }
    }
    try documents.edit("Service", suffix: "-rpc") { service in
      service.tree["spec", "type"] = .string(spec.service.type)
      service.tree["spec", "ports"]?.mapElements { $0["port"] = Value(spec.service.port) }
    }
    spec.place(&documents)
    return documents.objects
  }

  private static func spill(_ spec: VineyarddSpec) throws -> [KubernetesObject] {
    let spill = spec.store.spill
    guard let claimSpec = spill.persistentVolumeClaimSpec else { return [] }
    var documents = try ManifestDocuments(.spill)
    documents.rename("vineyardd-spill", to: spill.name)
    documents.move(to: spec.namespace)
    documents.label()
    documents.editAll { object in
      object.setLabel("app.vineyard.io/name", spill.name)
      object.setLabel("app.kubernetes.io/name", spill.name)
      object.setLabel(clusterLabel, "\(spec.namespace).\(spec.name)")
    }
    try documents.edit("PersistentVolumeClaim") { claim in
      claim.tree["spec"] = claimSpec
      guard spill.persistentVolumeSpec != nil, claimSpec["selector"] == nil, claimSpec["volumeName"] == nil else {
        return
      }
      claim.tree["spec", "selector", "matchLabels"] = [
        "app.kubernetes.io/name": .string(spill.name), "app.kubernetes.io/instance": "vineyardd",
      ]
    }
    if let volumeSpec = spill.persistentVolumeSpec {
      try documents.edit("PersistentVolume") { $0.tree["spec"] = volumeSpec }
    } else {
      documents.remove("PersistentVolume")
    }
    return documents.objects
  }

  /// Makes an object go with its owner, which waits for it.
  static func ownerReference(_ kind: String, name: String, uid: String) -> Value {
    [
      "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
      "controller": true, "blockOwnerDeletion": true,
    ]
  }
}

extension VineyarddSpec {
  /// The labels that pick the pods of one part of this cluster.
  func podLabels(role: String) -> [String: String] {
    ["app.vineyard.io/role": role, "app.vineyard.io/name": name]
  }

  /// Names, namespaces and labels of this cluster instead of the sample's.
  func place(_ documents: inout ManifestDocuments) {
    documents.rename("vineyardd-sample", to: name)
    documents.move(to: namespace)
    documents.label()
    documents.editAll { $0.setLabel("app.vineyard.io/name", name) }
  }
}
