import CSIProtocol
import GRPCCore
import StoreClient
import SwiftProtobuf

extension NodeService {
  /// Gives a published volume the room in the store of this node that its claim has.
  ///
  /// The controller has done that already when it reached the store; then this changes nothing. A volume never shrinks.
  public func nodeExpandVolume(
    request: Csi_V1_NodeExpandVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_NodeExpandVolumeResponse {
    try Self.require(request.volumeID, "volume_id")
    let size = try RequestedSize(request.capacityRange)
    let capacity = try await volumes.withLock(request.volumeID, timeout: patience.lock) {
      let published = try await published(request.volumeID, at: request.volumePath)
      // Without a limit there is nothing to raise, as with the original's mounts.
      guard let leaf = published.leaf else { return size.required }
      return try await expand(leaf, size, in: store(of: published.cluster))
    }
    return .with { $0.capacityBytes = Int64(clamping: capacity) }
  }

  private func expand(_ leaf: String, _ size: RequestedSize, in store: StoreEndpoint) async throws -> UInt64 {
    let volume: VolumeRecord?
    do {
      volume = try await gateway.ask(store) { (volumes) throws(StoreClientError) in
        let volume = try volumes.inspect(leaf)
        guard let quota = volume?.quota, quota < size.required else { return volume }
        return try volumes.resize(leaf, quota: size.required)
      }
    } catch {
      throw error.rpcError
    }
    guard let volume else {
      throw RPCError(code: .notFound, message: "\(store) has no volume '\(leaf)'")
    }
    guard let quota = volume.quota else { return size.required }
    guard quota <= size.limit ?? .max else {
      throw RPCError(
        code: .outOfRange, message: "the volume has \(quota) bytes, more than the \(size.limit ?? 0) it is limited to")
    }
    return quota
  }
}
