import Support

extension CSIDriverSpec {
  /// Checks every field and their combinations.
  ///
  /// - Throws: `ProgramError` with code `usage` for the first that makes no sense.
  public func validate() throws {
    // The longest name made of it is the label `app` of the controller.
    try Rule.name(name, "CSI driver name", limit: 52, beginsWithLetter: true)
    try checkFields()
    try validateClusters()
  }

  private func validateClusters() throws {
    guard !clusters.isEmpty else {
      throw ProgramError(
        .usage, "no vineyard cluster is given",
        hint: "name one as NAMESPACE/NAME, such as vineyard-system/vineyardd-sample")
    }
    var seen: Set<String> = []
    for cluster in clusters {
      guard seen.insert(cluster.storageClassName).inserted else {
        throw ProgramError(
          .usage, "the vineyard cluster \(cluster.namespace)/\(cluster.name) is given twice", hint: "give it once")
      }
    }
    if let storageClassName {
      guard !clusters.contains(where: { $0.storageClassName == storageClassName }) else {
        throw Rule.invalid(
          "storage class name", storageClassName, "it is made for its cluster anyway", hint: "leave it out")
      }
    }
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
