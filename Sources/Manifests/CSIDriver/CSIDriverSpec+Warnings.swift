extension CSIDriverSpec {
  /// What is set and does nothing, a line each.
  public var warnings: [String] {
    sidecar.attacherImage == nil ? [] : ["spec.sidecar.attacherImage has no effect: volumes need no attaching"]
  }
}
