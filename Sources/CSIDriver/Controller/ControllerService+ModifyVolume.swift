import CSIProtocol
import GRPCCore
import StoreClient
import Support

extension ControllerService {
  public func controllerModifyVolume(
    request: Csi_V1_ControllerModifyVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerModifyVolumeResponse {
    let id = request.volumeID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      try await exclusively(.volume, handle) {
        let found = try await sighting(id, .volume)
        let modification = try VolumeModification(request.mutableParameters)
        _ = try await setReadOnly(modification.isReadOnly, try await change(found, modification))
      }
      return Csi_V1_ControllerModifyVolumeResponse()
    }
  }

  /// Makes a volume read-only for everybody, or writable; nil leaves it as it is.
  func setReadOnly(_ isReadOnly: Bool?, _ found: Sighting) async throws -> Sighting {
    guard let isReadOnly, isReadOnly != found.record.isFrozen else { return found }
    return try await update(found, isReadOnly ? "read-only" : "writable") { client, id throws(StoreClientError) in
      try client.freeze(id, isReadOnly)
    }
  }

  /// Both or nothing: what a store has no room for leaves the rest as it was, too.
  private func change(_ found: Sighting, _ modification: VolumeModification) async throws -> Sighting {
    let onDelete = modification.onDelete ?? found.record.onDelete
    let quota: UInt64? =
      switch modification.quota {
      case nil, .request: found.record.quota
      case .none?: nil
      case .bytes(let bytes): bytes
      }
    guard onDelete != found.record.onDelete || quota != found.record.quota else { return found }
    let news = "quota \(quota.map(String.init) ?? "none"), onDelete \(onDelete.rawValue)"
    return try await update(found, news) { client, id throws(StoreClientError) in
      try client.change(id, onDelete: onDelete, quota: quota ?? 0)
    }
  }

  private func update(
    _ found: Sighting, _ news: String,
    _ question: @escaping @Sendable (VolumeClient, String) throws(StoreClientError) -> VolumeRecord
  ) async throws -> Sighting {
    let id = found.record.id
    do throws(StoreFailure) {
      let record = try await gateway.ask(found.store) { client throws(StoreClientError) in try question(client, id) }
      log.info("volume '\(id)' of \(found.store): \(news)")
      return Sighting(store: found.store, record: record)
    } catch {
      throw error.rpcError
    }
  }
}
