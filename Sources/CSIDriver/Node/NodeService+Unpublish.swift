import CSIProtocol
import GRPCCore
import StoreClient
import Support

extension NodeService {
  public func nodeUnpublishVolume(
    request: Csi_V1_NodeUnpublishVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeUnpublishVolumeResponse {
    try Self.require(request.volumeID, "volume_id")
    let target = try MountTarget(request.targetPath, field: "target_path")
    try await exclusively(request.volumeID, target) {
      // A volume that goes with its pod goes first: as long as it is mounted, a repeated call finds what is left.
      if let handle = VolumeHandle(id: request.volumeID), handle.cluster == nil {
        try await deleteEphemeral(handle.leaf)
      }
      try await work.run { () throws(RPCError) in
        let count = try target.unmount(log)
        if count > 1 { log.info("\(target.path): \(count) mounts lay on one another") }
        try target.remove()
      }
    }
    return Csi_V1_NodeUnpublishVolumeResponse()
  }

  /// Deletes the inline volume of a pod in the store that has it, if there is one.
  ///
  /// The id does not tell the cluster, and the target may be unmounted already, so the volumes of all stores are looked
  /// through.
  private func deleteEphemeral(_ leaf: String) async throws {
    for cluster in try await LocalStores(root: tree.root, node: nodeID).clusters() {
      let keeper = try await work.run { () throws(RPCError) in tree.document(cluster, leaf) }
      guard keeper?.isEphemeral == true else { continue }
      try await delete(leaf, in: store(of: cluster))
    }
  }

  private func delete(_ leaf: String, in store: StoreEndpoint) async throws {
    do {
      let isDeleted = try await gateway.ask(store) { (volumes) throws(StoreClientError) in try volumes.delete(leaf) }
      if isDeleted { log.info("deleted volume '\(leaf)' of a pod in \(store)") }
    } catch {
      guard error.isSilence else { throw error.rpcError }
      // Objects die with their store, so what is left of a volume then is the document that would open it again.
      let isForgotten = try await work.run { () throws(RPCError) in try tree.forget(store.cluster, leaf) }
      guard isForgotten else { throw error.rpcError }
      log.warning("\(error.silence): volume '\(leaf)' of a pod is deleted without it")
    }
  }
}
