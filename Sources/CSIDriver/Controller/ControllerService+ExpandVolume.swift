import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

extension ControllerService {
  public func controllerExpandVolume(
    request: Csi_V1_ControllerExpandVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerExpandVolumeResponse {
    let id = request.volumeID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    guard request.hasCapacityRange else { throw RPCError(code: .invalidArgument, message: "capacity_range is missing") }
    let size = try RequestedSize(request.capacityRange)
    if request.hasVolumeCapability { try [request.volumeCapability].check() }
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      let capacity = try await exclusively(.volume, handle) { try await expand(id, size) }
      return .with { $0.capacityBytes = Int64(clamping: capacity) }
    }
  }

  /// - Returns: the size that the volume has now, in bytes.
  private func expand(_ id: String, _ size: RequestedSize) async throws -> UInt64 {
    let wanted = size.required > 0 ? size.required : size.limit ?? 0
    let found: Sighting
    do {
      found = try await sighting(id, .volume)
    } catch let error as RPCError where error.code == .notFound && originals.volume(id) != nil {
      return wanted
    }
    // Without a limit of its own it has the room already.
    guard let quota = found.record.quota else { return wanted }
    guard quota < wanted else {
      guard quota <= size.limit ?? .max else {
        throw RPCError(code: .outOfRange, message: "volume '\(id)' has \(quota) bytes, more than the limit requested")
      }
      return quota
    }
    let leaf = found.record.id
    do throws(StoreFailure) {
      let record = try await gateway.ask(found.store) { client throws(StoreClientError) in
        try client.resize(leaf, quota: wanted)
      }
      log.info("volume '\(id)' expanded from \(quota) to \(wanted) bytes on node \(found.store.node)")
      return record.quota ?? wanted
    } catch {
      throw await fits(wanted, found.store) ? error.rpcError : RPCError(code: .outOfRange, message: error.message)
    }
  }

  /// Whether a store could give so much, were it empty.
  private func fits(_ bytes: UInt64, _ store: StoreEndpoint) async -> Bool {
    let limit = try? await gateway.ask(store) { client throws(StoreClientError) in try client.list().room.limit }
    return bytes <= limit ?? .max
  }
}
