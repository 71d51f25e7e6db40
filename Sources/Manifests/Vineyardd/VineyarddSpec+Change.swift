import Support

extension VineyarddSpec {
  /// Checks what cannot be changed once a cluster exists.
  ///
  /// - Throws: `CommandError` with code `usage`.
  public func validateChange(from old: VineyarddSpec) throws {
    guard etcdReplicas == old.etcdReplicas else {
      throw CommandError(
        .usage, "the number of etcd members cannot be changed", cause: "it is \(old.etcdReplicas)",
        hint: "make a new cluster")
    }
    guard etcd.storageSize == old.etcd.storageSize, etcd.storageClassName == old.etcd.storageClassName else {
      throw CommandError(.usage, "the storage of etcd cannot be changed", hint: "make a new cluster")
    }
  }
}
