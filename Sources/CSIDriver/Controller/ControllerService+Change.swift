import CSIProtocol
import GRPCCore
import Logging
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

// MARK: - Expanding

extension ControllerService {
  /// Raises the limit of a volume.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, `notFound` for an unknown volume,
  ///   `outOfRange` for a size that the volume cannot have, or with that of a store that fails.
  public func controllerExpandVolume(
    request: Csi_V1_ControllerExpandVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerExpandVolumeResponse {
    let id = request.volumeID
    try requireField(id, "volume_id")
    guard request.hasCapacityRange else { throw RPCError(code: .invalidArgument, message: "capacity_range is missing") }
    let size = try RequestedSize(request.capacityRange)
    if request.hasVolumeCapability { try requireUsable(request.volumeCapability) }
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      let capacity = try await exclusively(.volume, handle) { try await expand(id, size) }
      return .with { $0.capacityBytes = Int64(clamping: capacity) }
    }
  }

  /// - Returns: the size that the volume has now, in bytes.
  private func expand(_ id: String, _ size: RequestedSize) async throws -> UInt64 {
    let wanted = size.required > 0 ? size.required : size.limit ?? 0
    let found: LocatedVolume
    do {
      found = try await locate(id, .volume)
    } catch let error as RPCError where error.code == .notFound && originals.volume(id) != nil {
      return wanted
    }
    // Without a limit of its own it has the room already.
    guard let quota = found.record.limit else { return wanted }
    guard quota < wanted else {
      guard quota <= size.limit ?? .max else {
        throw RPCError(code: .outOfRange, message: "volume '\(id)' has \(quota) bytes, more than the limit requested")
      }
      return quota
    }
    let name = found.record.id
    if found.record.locality == .cluster {
      try await requireRoom(wanted - quota, for: wanted, in: found.store.cluster, name)
    }
    do throws(StoreFailure) {
      let record = try await gateway.ask(found.store) { client throws(StoreClientError) in
        try client.change(name, VolumeChange(quota: wanted))
      }
      log.info("volume '\(id)' expanded from \(quota) to \(wanted) bytes on node \(found.store.node)")
      return record.limit ?? wanted
    } catch {
      throw await fits(wanted, found) ? error.rpcError : RPCError(code: .outOfRange, message: error.message)
    }
  }

  /// Whether the store of a volume, or all those where it can be used, could give so much, were they empty.
  private func fits(_ bytes: UInt64, _ found: LocatedVolume) async -> Bool {
    let limit: UInt64?
    switch found.record.locality {
    case .cluster: limit = try? await rooms.room(of: found.store.cluster).limit
    case .node:
      limit = try? await gateway.ask(found.store) { client throws(StoreClientError) in try client.list().capacity.limit
      }
    }
    return bytes <= limit ?? .max
  }
}

// MARK: - Modifying

extension ControllerService {
  /// Changes quota, deletion policy or writability of a volume.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, `notFound` for an unknown volume, or
  ///   with that of a store that fails.
  public func controllerModifyVolume(
    request: Csi_V1_ControllerModifyVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerModifyVolumeResponse {
    let id = request.volumeID
    try requireField(id, "volume_id")
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      try await exclusively(.volume, handle) {
        let found = try await locate(id, .volume)
        let modification = try VolumeModification(request.mutableParameters)
        _ = try await setReadOnly(modification.isReadOnly, try await change(found, modification))
      }
      return Csi_V1_ControllerModifyVolumeResponse()
    }
  }

  /// Makes a volume read-only for everybody, or writable; nil leaves it as it is.
  func setReadOnly(_ isReadOnly: Bool?, _ found: LocatedVolume) async throws -> LocatedVolume {
    guard let isReadOnly, isReadOnly != found.record.isFrozen else { return found }
    return try await update(found, isReadOnly ? "read-only" : "writable") { client, id throws(StoreClientError) in
      try client.freeze(id, isReadOnly)
    }
  }

  /// Changes quota and policy, both or neither: a quota without room in the store leaves the policy as it was, too.
  private func change(_ found: LocatedVolume, _ modification: VolumeModification) async throws -> LocatedVolume {
    let onDelete = modification.onDelete ?? found.record.onDelete
    let quota: UInt64? =
      switch modification.quota {
      case nil, .request: found.record.limit
      case .none?: nil
      case .bytes(let bytes): bytes
      }
    guard onDelete != found.record.onDelete || quota != found.record.limit else { return found }
    let news = "quota \(quota.map(String.init) ?? "none"), onDelete \(onDelete.rawValue)"
    return try await update(found, news) { client, id throws(StoreClientError) in
      try client.change(id, VolumeChange(quota: quota ?? 0, onDelete: onDelete))
    }
  }

  private func update(
    _ found: LocatedVolume, _ news: String,
    _ question: @escaping @Sendable (VolumeClient, String) throws(StoreClientError) -> VolumeRecord
  ) async throws -> LocatedVolume {
    let id = found.record.id
    do throws(StoreFailure) {
      let record = try await gateway.ask(found.store) { client throws(StoreClientError) in try question(client, id) }
      log.info("volume '\(id)' of \(found.store): \(news)")
      return LocatedVolume(store: found.store, record: record)
    } catch {
      throw error.rpcError
    }
  }
}

/// Changes to a volume: the parameters of a VolumeAttributesClass.
struct VolumeModification: Equatable, Sendable {
  private enum Key: String, CaseIterable {
    case quota, onDelete
    /// Forbids writing with `true`, however the volume is mounted.
    case readOnly
  }

  /// New values; nil leaves a setting as it is. The quota is a size or none: nobody remembers the request of a volume.
  var quota: VolumeParameters.Quota?
  var onDelete: VolumeDeletion?
  var isReadOnly: Bool?

  /// - Parameter texts: keys are matched without regard to case.
  /// - Throws: `RPCError` with code `invalidArgument` for what cannot be changed.
  init(_ texts: [String: String]) throws(RPCError) {
    for (text, value) in texts.sorted(by: { $0.key < $1.key }) {
      switch Key.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) {
      case .quota: quota = try Self.quota(value)
      case .onDelete: onDelete = try VolumeParameters.choice(value, Key.onDelete.rawValue)
      case .readOnly: isReadOnly = try Self.boolean(value)
      case nil:
        let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
        throw RPCError(
          code: .invalidArgument, message: "'\(text)' is nothing that can be changed about a volume; what can: \(known)"
        )
      }
    }
  }

  /// Gives these values precedence over those of a StorageClass.
  func apply(to parameters: inout VolumeParameters) {
    parameters.quota = quota ?? parameters.quota
    parameters.onDelete = onDelete ?? parameters.onDelete
  }

  private static func quota(_ text: String) throws(RPCError) -> VolumeParameters.Quota {
    let quota = try VolumeParameters.quota(text)
    guard quota != .request else {
      throw RPCError(code: .invalidArgument, message: "quota '\(text)' is neither 'none' nor a size such as 4Gi")
    }
    return quota
  }

  private static func boolean(_ text: String) throws(RPCError) -> Bool {
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default: throw RPCError(code: .invalidArgument, message: "readOnly '\(text)' is not true or false")
    }
  }
}
