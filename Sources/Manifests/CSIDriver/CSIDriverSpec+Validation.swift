import Support

extension CSIDriverSpec {
  /// Checks every field and what they say together.
  ///
  /// - Throws: `CommandError` with code `usage` for the first that makes no sense.
  public func validate() throws {
    // The longest name made of it is the label `app` of the controller.
    try Rule.name(name, "CSI driver name", limit: 52, beginsWithLetter: true)
    try validateClusters()
    try driverImage.validate("image")
    for (image, field) in [
      (sidecar.provisionerImage, "provisioner image"), (sidecar.resizerImage, "resizer image"),
      (sidecar.nodeRegistrarImage, "node registrar image"), (sidecar.livenessProbeImage, "liveness probe image"),
      (sidecar.snapshotterImage, "snapshotter image"),
    ] {
      try sidecarImage(image).validate(field)
    }
    try Rule.range(replicas, 1...9, "number of controller replicas")
    try Rule.oneOf(["WaitForFirstConsumer", "Immediate"], volumeBindingMode, "volume binding mode")
    try Self.validate(scope: scope, onDelete: onDelete, quota: quota)
    try Self.validate(overwrite: overwrite, deletedMemory: deletedMemory)
    try placement.validate()
    try Rule.path(kubeletDirectory, "kubelet directory")
  }

  private func validateClusters() throws {
    guard !clusters.isEmpty else {
      throw CommandError(
        .usage, "no vineyard cluster is given",
        hint: "name one as NAMESPACE/NAME, such as vineyard-system/vineyardd-sample")
    }
    var seen: Set<String> = []
    for cluster in clusters {
      try Rule.name(cluster.namespace, "namespace of a vineyard cluster")
      try Rule.name(cluster.name, "name of a vineyard cluster")
      try Self.validate(scope: cluster.scope, onDelete: cluster.onDelete, quota: cluster.quota)
      try Self.validate(overwrite: cluster.overwrite, deletedMemory: cluster.deletedMemory)
      guard seen.insert(cluster.storageClassName).inserted else {
        throw CommandError(
          .usage, "the vineyard cluster \(cluster.namespace)/\(cluster.name) is given twice", hint: "give it once")
      }
    }
    if let storageClassName {
      try Rule.subdomain(storageClassName, "storage class name")
      guard !clusters.contains(where: { $0.storageClassName == storageClassName }) else {
        throw Rule.invalid(
          "storage class name", storageClassName, "it is made for its cluster anyway", hint: "leave it out")
      }
    }
  }

  /// Checks what goes into the parameters of a StorageClass.
  private static func validate(scope: String?, onDelete: String?, quota: String?) throws {
    if let scope { try Rule.oneOf(["volume", "cluster"], scope, "scope") }
    if let onDelete { try Rule.oneOf(["delete", "retain"], onDelete, "deletion policy") }
    if let quota { try Rule.quota(quota) }
  }

  private static func validate(overwrite: String?, deletedMemory: String?) throws {
    try Rule.overwrite(overwrite)
    try Rule.deletedMemory(deletedMemory)
  }

  var driverImage: ImageOptions {
    ImageOptions(image: image, pullPolicy: imagePullPolicy, registry: imageRegistry)
  }

  func sidecarImage(_ image: String) -> ImageOptions {
    ImageOptions(image: image, pullPolicy: sidecar.imagePullPolicy, registry: imageRegistry)
  }
}

extension CSIDriverSpec {
  /// A line for each option that is set and does nothing.
  public var warnings: [String] {
    sidecar.attacherImage == nil ? [] : ["spec.sidecar.attacherImage has no effect: volumes need no attaching"]
  }
}
