/// Facts of a cluster that files do not tell.
public struct KnownCluster: Sendable {
  /// A StorageClass.
  public struct StorageClass: Sendable {
    let name: String
    let provisioner: String
    let isDefault: Bool
    let quota: String?

    /// - Parameter quota: its parameter of that name.
    public init(name: String, provisioner: String, isDefault: Bool, quota: String? = nil) {
      self.name = name
      self.provisioner = provisioner
      self.isDefault = isDefault
      self.quota = quota
    }
  }

  /// All classes; nil when they may not be seen.
  public var classes: [StorageClass]?
  /// Bytes of memory of the largest node; nil when it is not known.
  public var nodeMemory: UInt64?

  public init(classes: [StorageClass]? = nil, nodeMemory: UInt64? = nil) {
    self.classes = classes
    self.nodeMemory = nodeMemory
  }
}
