import KubernetesObjects
import Support

extension VineyarddSpec {
  /// Reads a custom resource; what it doesn't say has its default.
  ///
  /// - Parameter namespace: where the resource names none.
  /// - Throws: `CommandError` with code `usage` for another kind, a wrong type or an unknown field.
  public init(customResource object: KubernetesObject, namespace: String) throws {
    try requireKind("Vineyardd", of: object)
    name = object.name
    self.namespace = object.namespace ?? namespace
    try SpecReader.read(object.tree["spec"], "spec") { reader in try read(&reader) }
  }

  private mutating func read(_ reader: inout SpecReader) throws {
    try reader.integer("replicas", &replicas)
    try reader.integer("etcdReplicas", &etcdReplicas)
    try reader.text("imageRegistry", &imageRegistry)
    try reader.nested("service") { reader in
      try reader.text("type", &service.type)
      try reader.integer("port", &service.port)
    }
    try reader.nested("vineyard") { reader in try store.read(&reader) }
    try reader.nested("etcd") { reader in
      try reader.text("image", &etcd.image)
      try reader.text("imagePullPolicy", &etcd.imagePullPolicy)
      try reader.nested("storage") { reader in
        try reader.text("size", &etcd.storageSize)
        try reader.text("storageClassName", &etcd.storageClassName)
      }
    }
    try reader.nested("pluginImage") { reader in
      try reader.text("backupImage", &pluginImage.backupImage)
      try reader.text("recoverImage", &pluginImage.recoverImage)
      try reader.text("daskRepartitionImage", &pluginImage.daskRepartitionImage)
      try reader.text("localAssemblyImage", &pluginImage.localAssemblyImage)
      try reader.text("distributedAssemblyImage", &pluginImage.distributedAssemblyImage)
    }
    try reader.nested("metric") { reader in
      try reader.flag("enable", &metric.enable)
      try reader.text("image", &metric.image)
      try reader.text("imagePullPolicy", &metric.imagePullPolicy)
    }
    try reader.nested("volume") { reader in
      try reader.text("pvcName", &volume.pvcName)
      try reader.text("mountPath", &volume.mountPath)
    }
    try reader.flag("allowClusterScope", &allowClusterScope)
    try reader.object("securityContext", &securityContext)
    try reader.values("volumes", &volumes)
    try reader.values("volumeMounts", &volumeMounts)
    try placement.read(&reader)
    try reader.text("priorityClassName", &priorityClassName)
  }
}

extension VineyarddSpec.Store {
  fileprivate mutating func read(_ reader: inout SpecReader) throws {
    try reader.text("image", &image)
    try reader.text("imagePullPolicy", &imagePullPolicy)
    try reader.flag("syncCRDs", &syncCRDs)
    try reader.text("socket", &socket)
    try reader.text("size", &size)
    try reader.flag("reserveMemory", &reserveMemory)
    try reader.integer("streamThreshold", &streamThreshold)
    try reader.text("overwrite", &overwrite)
    try reader.text("deletedMemory", &deletedMemory)
    try reader.text("memory", &memory)
    try reader.text("cpu", &cpu)
    var variables: [Value] = []
    try reader.values("env", &variables)
    env = try variables.map { try VineyarddSpec.EnvironmentVariable($0) }
    try reader.nested("spill") { reader in
      try reader.text("name", &spill.name)
      try reader.text("path", &spill.path)
      try reader.text("spillLowerRate", &spill.spillLowerRate)
      try reader.text("spillUpperRate", &spill.spillUpperRate)
      try reader.object("persistentVolumeSpec", &spill.persistentVolumeSpec)
      try reader.object("persistentVolumeClaimSpec", &spill.persistentVolumeClaimSpec)
    }
  }
}

extension VineyarddSpec.EnvironmentVariable {
  fileprivate init(_ tree: Value) throws {
    self.init(name: "", value: nil)
    try SpecReader.read(tree, "spec.vineyard.env[]") { reader in
      try reader.text("name", &name)
      try reader.text("value", &value)
      try reader.object("valueFrom", &valueFrom)
    }
  }
}

/// - Throws: `CommandError` with code `usage` when an object is of another kind, or of our kind in another version.
func requireKind(_ kind: String, of object: KubernetesObject) throws {
  guard object.kind == kind, object.apiVersion == Manifests.apiVersion else {
    let found = object.kind.isEmpty ? "an object without a kind" : object.reference.type.description
    throw CommandError(
      .usage, "not a \(kind) resource: \(found)",
      hint: "it begins with apiVersion: \(Manifests.apiVersion), kind: \(kind)")
  }
}
