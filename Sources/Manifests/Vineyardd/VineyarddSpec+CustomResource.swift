import KubernetesObjects

extension VineyarddSpec {
  /// The custom resource. Every setting is in it, so that applying it again brings a cluster back to them.
  public func customResource() -> KubernetesObject {
    var spec: Value = [
      "replicas": Value(replicas),
      "etcdReplicas": Value(etcdReplicas),
      "service": ["type": .string(service.type), "port": Value(service.port)],
      "vineyard": store.tree,
      "etcd": etcd.tree,
      "metric": ["enable": .boolean(metric.enable)],
    ]
    spec["imageRegistry"] = imageRegistry.map { .string($0) }
    spec["metric", "image"] = metric.image.map { .string($0) }
    spec["metric", "imagePullPolicy"] = metric.imagePullPolicy.map { .string($0) }
    spec["pluginImage", "backupImage"] = pluginImage.backupImage.map { .string($0) }
    spec["pluginImage", "recoverImage"] = pluginImage.recoverImage.map { .string($0) }
    spec["pluginImage", "daskRepartitionImage"] = pluginImage.daskRepartitionImage.map { .string($0) }
    spec["pluginImage", "localAssemblyImage"] = pluginImage.localAssemblyImage.map { .string($0) }
    spec["pluginImage", "distributedAssemblyImage"] = pluginImage.distributedAssemblyImage.map { .string($0) }
    if !volume.pvcName.isEmpty { spec["volume", "pvcName"] = .string(volume.pvcName) }
    if !volume.mountPath.isEmpty { spec["volume", "mountPath"] = .string(volume.mountPath) }
    if allowClusterScope { spec["allowClusterScope"] = true }
    spec["securityContext"] = securityContext
    if !volumes.isEmpty { spec["volumes"] = .array(volumes) }
    if !volumeMounts.isEmpty { spec["volumeMounts"] = .array(volumeMounts) }
    placement.write(to: &spec)
    spec["priorityClassName"] = priorityClassName.map { .string($0) }
    return customResourceObject("Vineyardd", name: name, namespace: namespace, spec: spec)
  }
}

extension VineyarddSpec.Store {
  fileprivate var tree: Value {
    var tree: Value = [
      "image": .string(image),
      "imagePullPolicy": .string(imagePullPolicy),
      "syncCRDs": .boolean(syncCRDs),
      "socket": .string(socket),
      "size": .string(size),
      "reserveMemory": .boolean(reserveMemory),
      "streamThreshold": Value(streamThreshold),
    ]
    tree["overwrite"] = overwrite.map { .string($0) }
    tree["deletedMemory"] = deletedMemory.map { .string($0) }
    if !env.isEmpty { tree["env"] = .array(env.map(\.tree)) }
    tree["memory"] = memory.map { .string($0) }
    tree["cpu"] = cpu.map { .string($0) }
    tree["spill", "spillLowerRate"] = .string(spill.spillLowerRate)
    tree["spill", "spillUpperRate"] = .string(spill.spillUpperRate)
    if !spill.name.isEmpty { tree["spill", "name"] = .string(spill.name) }
    if !spill.path.isEmpty { tree["spill", "path"] = .string(spill.path) }
    tree["spill", "persistentVolumeSpec"] = spill.persistentVolumeSpec
    tree["spill", "persistentVolumeClaimSpec"] = spill.persistentVolumeClaimSpec
    return tree
  }
}

extension VineyarddSpec.Etcd {
  fileprivate var tree: Value {
    var tree: Value = ["image": .string(image), "imagePullPolicy": .string(imagePullPolicy)]
    tree["storage", "size"] = storageSize.map { .string($0) }
    tree["storage", "storageClassName"] = storageClassName.map { .string($0) }
    return tree
  }
}

/// A custom resource of ours, labelled as everything this program makes.
func customResourceObject(_ kind: String, name: String, namespace: String?, spec: Value) -> KubernetesObject {
  var object = KubernetesObject([
    "apiVersion": .string(Manifests.apiVersion), "kind": .string(kind), "metadata": ["name": .string(name)],
  ])
  object.namespace = namespace
  object.setLabel("app.kubernetes.io/managed-by", Manifests.creator)
  object.setLabel("app.kubernetes.io/part-of", "vineyard")
  object.tree["spec"] = spec
  return object
}
