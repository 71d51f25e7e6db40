/// The keys of StorageClass parameters, volume attributes and the volume context.
enum VolumeParameter: String, CaseIterable {
  case clusterNamespace = "k8s.v6d.io/vineyard/namespace"
  case clusterName = "k8s.v6d.io/vineyard/name"
  case scope
  case onDelete
  /// `request`, `none` or a quantity; in a volume context bytes or `none`.
  case quota
  /// `delete` or `keep`: what becomes of an object when its name is given to another.
  case overwrite
  /// `keep` or `reuse`: what becomes of the memory of deleted objects that clients were given.
  case deletedMemory

  /// Keys that Kubernetes and its sidecars add begin so.
  static let kubernetesPrefixes = ["csi.storage.k8s.io/", "storage.kubernetes.io/"]
  static let ephemeral = "csi.storage.k8s.io/ephemeral"
  /// The original's CreateVolume put the volume's id in the context.
  static let originalVolumeID = "volume_id"
}
