import KubernetesObjects

extension CSIDriverSpec {
  /// Reads a custom resource; what it doesn't say has its default.
  ///
  /// - Throws: `CommandError` with code `usage` for another kind, a wrong type or an unknown field.
  public init(customResource object: KubernetesObject) throws {
    try requireKind("CSIDriver", of: object)
    name = object.name
    try SpecReader.read(object.tree["spec"], "spec") { reader in
      var clusters: [Value] = []
      try reader.values("clusters", &clusters)
      self.clusters = try clusters.map { try Cluster($0) }
      try reader.text("image", &image)
      try reader.text("imagePullPolicy", &imagePullPolicy)
      try reader.text("imageRegistry", &imageRegistry)
      try reader.integer("replicas", &replicas)
      try reader.text("storageClassName", &storageClassName)
      try reader.text("volumeBindingMode", &volumeBindingMode)
      try reader.text("scope", &scope)
      try reader.text("onDelete", &onDelete)
      try reader.text("quota", &quota)
      try reader.text("overwrite", &overwrite)
      try reader.text("deletedMemory", &deletedMemory)
      try reader.text("kubeletDirectory", &kubeletDirectory)
      try reader.flag("enableToleration", &enableToleration)
      try reader.flag("enableVerboseLog", &enableVerboseLog)
      try placement.read(&reader)
      try reader.nested("sidecar") { try sidecar.read(&$0) }
    }
  }

  /// The custom resource, with every setting in it.
  public func customResource() -> KubernetesObject {
    var spec: Value = [
      "clusters": .array(clusters.map(\.tree)),
      "image": .string(image),
      "imagePullPolicy": .string(imagePullPolicy),
      "replicas": Value(replicas),
      "volumeBindingMode": .string(volumeBindingMode),
      "kubeletDirectory": .string(kubeletDirectory),
      "enableToleration": .boolean(enableToleration),
      "enableVerboseLog": .boolean(enableVerboseLog),
      "sidecar": sidecar.tree,
    ]
    spec["imageRegistry"] = imageRegistry.map { .string($0) }
    spec["storageClassName"] = storageClassName.map { .string($0) }
    spec["scope"] = scope.map { .string($0) }
    spec["onDelete"] = onDelete.map { .string($0) }
    spec["quota"] = quota.map { .string($0) }
    spec["overwrite"] = overwrite.map { .string($0) }
    spec["deletedMemory"] = deletedMemory.map { .string($0) }
    placement.write(to: &spec)
    return customResourceObject("CSIDriver", name: name, namespace: nil, spec: spec)
  }
}

extension CSIDriverSpec.Cluster {
  fileprivate init(_ tree: Value) throws {
    self.init(namespace: "", name: "")
    try SpecReader.read(tree, "spec.clusters[]") { reader in
      try reader.text("namespace", &namespace)
      try reader.text("name", &name)
      try reader.text("scope", &scope)
      try reader.text("onDelete", &onDelete)
      try reader.text("quota", &quota)
      try reader.text("overwrite", &overwrite)
      try reader.text("deletedMemory", &deletedMemory)
    }
  }

  fileprivate var tree: Value {
    var tree: Value = ["namespace": .string(namespace), "name": .string(name)]
    tree["scope"] = scope.map { .string($0) }
    tree["onDelete"] = onDelete.map { .string($0) }
    tree["quota"] = quota.map { .string($0) }
    tree["overwrite"] = overwrite.map { .string($0) }
    tree["deletedMemory"] = deletedMemory.map { .string($0) }
    return tree
  }
}

extension CSIDriverSpec.Sidecar {
  fileprivate mutating func read(_ reader: inout SpecReader) throws {
    try reader.text("provisionerImage", &provisionerImage)
    try reader.text("resizerImage", &resizerImage)
    try reader.text("attacherImage", &attacherImage)
    try reader.text("nodeRegistrarImage", &nodeRegistrarImage)
    try reader.text("livenessProbeImage", &livenessProbeImage)
    try reader.text("snapshotterImage", &snapshotterImage)
    try reader.text("imagePullPolicy", &imagePullPolicy)
    try reader.flag("enableTopology", &enableTopology)
    try reader.flag("enableSnapshots", &enableSnapshots)
  }

  fileprivate var tree: Value {
    var tree: Value = [
      "provisionerImage": .string(provisionerImage),
      "resizerImage": .string(resizerImage),
      "nodeRegistrarImage": .string(nodeRegistrarImage),
      "livenessProbeImage": .string(livenessProbeImage),
      "snapshotterImage": .string(snapshotterImage),
      "imagePullPolicy": .string(imagePullPolicy),
      "enableTopology": .boolean(enableTopology),
      "enableSnapshots": .boolean(enableSnapshots),
    ]
    tree["attacherImage"] = attacherImage.map { .string($0) }
    return tree
  }
}
