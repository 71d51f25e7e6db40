/// An option that is set and does nothing.
public struct IdleOption: Sendable, Equatable {
  /// Path of the option in a resource: `spec.metric.image`.
  public let field: String
  /// Flag of the option: `--vineyardd.metric.image`.
  public let flag: String
  /// Reason why it does nothing.
  public let reason: String
}

extension VineyarddSpec {
  /// Options that are set and do nothing.
  public var idleOptions: [IdleOption] {
    var options: [IdleOption] = []
    if metric.image != nil || metric.imagePullPolicy != nil {
      options.append(
        IdleOption(
          field: "spec.metric.image and imagePullPolicy",
          flag: "--vineyardd.metric.\(metric.image != nil ? "image" : "imagePullPolicy")",
          reason: "stores serve metrics themselves"))
    }
    if pluginImage != PluginImages() {
      options.append(
        IdleOption(
          field: "spec.pluginImage", flag: "--pluginImage.*", reason: "this release has no jobs on objects"))
    }
    if store.spill != Spill() {
      options.append(
        IdleOption(
          field: "spec.vineyard.spill", flag: "--vineyardd.spill.*",
          reason: "this release keeps objects in memory only"))
    }
    if !usesEtcd, etcdReplicas > 1 || etcd.storageSize != nil {
      options.append(
        IdleOption(
          field: "spec.etcdReplicas and etcd.storage", flag: "--etcd.replicas",
          reason: "each store keeps its own metadata (--meta local)"))
    }
    if !usesEtcd, store.peerTLS ?? "off" != "off" {
      options.append(
        IdleOption(
          field: "spec.vineyard.peerTLS", flag: "--vineyardd.peer_tls",
          reason: "stores with metadata of their own (--meta local) do not read from each other"))
    }
    return options
  }

  /// A line for each option that is set and does nothing.
  public var warnings: [String] {
    idleOptions.map { "\($0.field) \($0.field.contains(" and ") ? "have" : "has") no effect: \($0.reason)" }
  }
}
