extension VineyarddSpec {
  /// What is set and does nothing, a line each.
  public var warnings: [String] {
    var warnings: [String] = []
    if metric.image != nil || metric.imagePullPolicy != nil {
      warnings.append("spec.metric.image and imagePullPolicy have no effect: stores serve metrics themselves")
    }
    if pluginImage != PluginImages() {
      warnings.append("spec.pluginImage has no effect: this release has no jobs on objects")
    }
    if !StoreFeatures.keepsMetadataInEtcd, etcdReplicas > 1 || etcd.storageSize != nil {
      warnings.append("spec.etcdReplicas and etcd.storage have no effect: each store keeps its own metadata")
    }
    return warnings
  }
}
