import CSIProtocol
import GRPCCore
import Logging
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

// MARK: - Creating

extension ControllerService {
  /// Makes a volume in a store of the cluster, or finds the one of that name.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` or `outOfRange` for a request that makes no sense,
  ///   `alreadyExists` for another volume of that name, `notFound` for an unknown source, `resourceExhausted` when no
  ///   store has room, `unavailable` when none answers that might.
  public func createVolume(
    request: Csi_V1_CreateVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_CreateVolumeResponse {
    try await answer(context) {
      let wanted = try CreateVolumeParameters(request)
      let made = try await exclusively(.volume, wanted.handle) {
        try await setReadOnly(wanted.modification.isReadOnly, try await make(wanted))
      }
      return .with { $0.volume = Csi_V1_Volume(made.record, in: made.store) }
    }
  }

  /// Finds the volume, or makes it in the first store that takes it.
  private func make(_ wanted: CreateVolumeParameters) async throws -> LocatedVolume {
    let stores = try await directory.stores(of: wanted.parameters.cluster)
    let search = await search(wanted.handle.name, .volume, in: stores)
    if let existing = search.located.first(where: { wanted.admits($0.store.node) }) ?? search.located.first {
      guard let difference = wanted.difference(from: existing.record, on: existing.store.node) else { return existing }
      throw RPCError(
        code: .alreadyExists, message: "volume '\(wanted.handle)' exists and is not what is requested: \(difference)")
    }
    let source: LocatedVolume?
    if let wish = wanted.source { source = try await locate(wish, wanted, stores) } else { source = nil }
    let locality = try await locality(wanted, source: source)
    if let source { try checkPlace(of: source, wanted) }
    let settings = wanted.settings(locality)
    if locality == .cluster { try await checkRoom(wanted) }
    var failure = PlacementFailure(wanted, stores, search.replies.failures, locality: locality)
    let candidates = if let source { [source.store] } else { try await candidates(wanted, locality, stores) }
    for store in candidates where failure.considers(store) {
      do throws(StoreFailure) {
        let record = try await gateway.ask(store) { client throws(StoreClientError) in try client.open(settings) }
        log.info("volume '\(wanted.handle)' made on node \(store.node)\(locality == .cluster ? ", for all nodes" : "")")
        return LocatedVolume(store: store, record: record)
      } catch {
        if wanted.isPinned, error.code == .notEnoughMemory { pinnedRefusals.note(store) }
        try failure.note(error)
      }
    }
    throw failure.rpcError
  }

  /// The stores to ask, the most wanted first.
  private func candidates(
    _ wanted: CreateVolumeParameters, _ locality: VolumeLocality, _ stores: [StoreEndpoint]
  ) async throws -> [StoreEndpoint] {
    let candidates = wanted.choice.candidates(stores)
    // The pod runs on one of these; the volume may be made elsewhere, since it can be used there all the same.
    if locality == .cluster, !candidates.isEmpty {
      return candidates + stores.filter { $0.isReady && !candidates.contains($0) }
    }
    guard wanted.choice.considersCapacity, candidates.count > 1 else { return candidates }
    let replies = await gateway.askAll(candidates) { client throws(StoreClientError) in
      try client.list().capacity.available
    }
    let available = replies.answers.reduce(into: [:]) { $0[$1.store.node] = $1.answer }
    return wanted.choice.candidates(stores, available: available)
  }

  /// The source of a copy, whose memory the copy shares.
  private func locate(
    _ source: VolumeSource, _ wanted: CreateVolumeParameters, _ stores: [StoreEndpoint]
  ) async throws -> LocatedVolume {
    let search = await search(source.id, source.kind, in: stores)
    guard let found = search.located.first else {
      throw search.replies.rpcError ?? Self.unknown("\(wanted.parameters.cluster)/\(source.id)", source.kind)
    }
    if source.kind == .volume, found.record.scope == .cluster {
      throw RPCError(
        code: .invalidArgument,
        message: "volume '\(source.id)' has scope 'cluster', so its objects are everybody's and cannot be cloned")
    }
    if let quota = wanted.quota, quota < found.record.used {
      throw RPCError(
        code: .outOfRange,
        message: "the volume is to have \(quota) bytes, and its source '\(source.id)' holds \(found.record.used)")
    }
    return found
  }

  /// Makes sure that a volume fits into all stores together.
  private func checkRoom(_ wanted: CreateVolumeParameters) async throws(RPCError) {
    guard let quota = wanted.quota else { return }
    do throws(RPCError) {
      try await requireRoom(quota, for: quota, in: wanted.parameters.cluster, wanted.handle.name)
    } catch {
      // Whatever the reason, Kubernetes is to try again later: stores may join.
      throw error.code == .outOfRange ? RPCError(code: .resourceExhausted, message: error.message) : error
    }
  }

  /// Makes sure that a copy may be where its source is.
  private func checkPlace(of source: LocatedVolume, _ wanted: CreateVolumeParameters) throws(RPCError) {
    guard source.record.locality == .node, !wanted.admits(source.store.node) else { return }
    throw RPCError(
      code: .resourceExhausted,
      message:
        "the source '\(source.record.id)' is on node \(source.store.node), which the topology requirement leaves "
        + "out (hint: allowedTopologies of the StorageClass)")
  }
}

// MARK: - Deleting

extension ControllerService {
  /// Deletes a volume wherever it is; one that is nowhere is deleted already.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` without an id, or with that of a store that fails and may have
  ///   the volume.
  public func deleteVolume(
    request: Csi_V1_DeleteVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_DeleteVolumeResponse {
    let id = request.volumeID
    try requireField(id, "volume_id")
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
    let name = handle.name
    let replies = await gateway.askAll(try await directory.stores(of: handle.cluster)) {
      client throws(StoreClientError) in
      kind == .volume ? try client.delete(name) : try client.deleteSnapshot(name)
    }
    let nodes = replies.answers.filter(\.answer).map(\.store.node)
    if !nodes.isEmpty { log.info("\(kind.rawValue) '\(handle)' deleted on node \(nodes.joined(separator: ", "))") }
    guard nodes.isEmpty, let error = replies.rpcError else { return }
    // Volumes of the original hold nothing, and inline volumes are deleted by the node half.
    guard handle.cluster != nil else {
      log.warning("\(kind.rawValue) '\(handle)' deleted, though not every store could be asked: \(error.message)")
      return
    }
    throw error
  }
}
