/// What the store of this version can do; the rendering follows.
enum StoreFeatures {
  /// Whether the stores keep their metadata in etcd. While they don't, each keeps its own.
  static let keepsMetadataInEtcd = false

  /// Whether the stores mirror persisted objects as custom resources, which takes a token of their account.
  static let mirrorsObjects = false
}
