import CSIProtocol
import GRPCCore
import StoreClient
import Support

extension ControllerService {
  public func deleteVolume(
    request: Csi_V1_DeleteVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_DeleteVolumeResponse {
    let id = request.volumeID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    // What can be no id of ours names nothing that could be deleted.
    guard let handle = VolumeHandle(id: id) else { return Csi_V1_DeleteVolumeResponse() }
    return try await answer(context) {
      try await exclusively(.volume, handle) { try await delete(handle, .volume) }
      return Csi_V1_DeleteVolumeResponse()
    }
  }

  /// Deletes a volume or snapshot wherever it is.
  ///
  /// A call that was interrupted may have left one at several stores, so all are asked.
  ///
  /// - Throws: `RPCError` when it was at none of the stores that answered, and others may have it.
  func delete(_ handle: VolumeHandle, _ kind: VolumeKind) async throws {
    let leaf = handle.leaf
    let survey = await gateway.askAll(try await directory.stores(of: handle.cluster)) {
      client throws(StoreClientError) in
      kind == .volume ? try client.delete(leaf) : try client.deleteSnapshot(leaf)
    }
    let nodes = survey.answers.filter(\.answer).map(\.store.node)
    if !nodes.isEmpty { log.info("\(kind.rawValue) '\(handle)' deleted on node \(nodes.joined(separator: ", "))") }
    guard nodes.isEmpty, let error = survey.rpcError else { return }
    // Volumes of the original hold nothing, and inline volumes are deleted by the node half.
    guard handle.cluster != nil else {
      log.warning("\(kind.rawValue) '\(handle)' deleted, though not every store could be asked: \(error.message)")
      return
    }
    throw error
  }
}
