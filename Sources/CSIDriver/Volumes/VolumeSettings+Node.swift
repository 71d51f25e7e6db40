import GRPCCore
import StoreClient

extension VolumeSettings {
  /// Reads what a node is told of a volume: the context of a persistent one, the attributes of an inline one.
  ///
  /// A context without `scope` of a volume whose id doesn't tell its cluster is the original's: its volumes share all
  /// names, have no limit, and leave behind what was written.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for what is missing, unknown, malformed or against the id.
  init(context: [String: String], handle: VolumeHandle) throws(RPCError) {
    var texts = context
    if let cluster = handle.cluster {
      // Kubernetes keeps the context; others may know the id only.
      if texts[VolumeParameter.clusterNamespace.rawValue] == nil, texts[VolumeParameter.clusterName.rawValue] == nil {
        texts[VolumeParameter.clusterNamespace.rawValue] = cluster.namespace
        texts[VolumeParameter.clusterName.rawValue] = cluster.name
      }
    }
    let isOriginal =
      handle.cluster == nil && context[VolumeParameter.ephemeral] != "true"
      && !context.keys.contains { $0.lowercased() == VolumeParameter.scope.rawValue }
    try self.init(texts, defaultScope: isOriginal ? .cluster : .volume)
    if let cluster = handle.cluster, cluster != self.cluster {
      throw RPCError(
        code: .invalidArgument, message: "volume '\(handle)' is in cluster \(cluster), its context says \(self.cluster)"
      )
    }
    if isOriginal { quota = .none }
  }

  /// What a store is asked to open for these settings when it doesn't know the volume.
  func request(_ leaf: String) -> VolumeRequest {
    var request = VolumeRequest(
      id: leaf, scope: scope, onDelete: onDelete, isEphemeral: isEphemeral, quota: limit(requested: 0),
      attributes: lastingAttributes)
    request.overwrite = overwrite
    request.deletedMemory = deletedMemory
    return request
  }

  /// The attributes that hold for as long as the volume does, none of them secret: of the claim, or of the only pod.
  private var lastingAttributes: [String: String] {
    attributes.filter { key, _ in
      if key.hasPrefix("csi.storage.k8s.io/serviceAccount.") { return false }
      return isEphemeral || !key.hasPrefix("csi.storage.k8s.io/pod.") && key != VolumeParameter.ephemeral
    }
  }
}
