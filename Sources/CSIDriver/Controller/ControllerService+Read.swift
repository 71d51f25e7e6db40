import CSIProtocol
import GRPCCore
import Logging
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf

// MARK: - One volume and all

extension ControllerService {
  /// Answers where a volume is and how it is.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` without an id, `notFound` for an unknown volume, or with that of
  ///   the stores that may have it.
  public func controllerGetVolume(
    request: Csi_V1_ControllerGetVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerGetVolumeResponse {
    let id = request.volumeID
    try requireField(id, "volume_id")
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, .volume) }
    return try await answer(context) {
      let search = await search(handle.name, .volume, in: try await directory.stores(of: handle.cluster))
      if let found = search.located.first {
        return Self.answer(Csi_V1_Volume(found.record, in: found.store), Csi_V1_VolumeCondition(found.record))
      }
      if let original = originals.volume(id) { return Self.answer(original.answer, original.condition) }
      // The caller knows the volume, and this is what there is to say of it.
      guard let failure = search.replies.failures.first, handle.cluster != nil else {
        throw search.replies.rpcError ?? Self.unknown(id, .volume)
      }
      return Self.answer(.with { $0.volumeID = id }, Csi_V1_VolumeCondition(failure))
    }
  }

  private static func answer(
    _ volume: Csi_V1_Volume, _ condition: Csi_V1_VolumeCondition
  ) -> Csi_V1_ControllerGetVolumeResponse {
    .with {
      $0.volume = volume
      $0.status = .with { $0.volumeCondition = condition }
    }
  }

  /// Lists the volumes of all clusters, part by part.
  ///
  /// - Throws: `RPCError` with code `aborted` for a token that is none, `invalidArgument` for a negative limit, or with
  ///   that of the stores when none answers.
  public func listVolumes(
    request: Csi_V1_ListVolumesRequest, context: ServerContext
  ) async throws -> Csi_V1_ListVolumesResponse {
    try await answer(context) {
      let entries = try await all(.volume, in: nil).map { found in
        Csi_V1_ListVolumesResponse.Entry(
          Csi_V1_Volume(found.record, in: found.store), Csi_V1_VolumeCondition(found.record))
      }
      let opened = Set(entries.map(\.volume.volumeID))
      let unopened = originals.volumes.filter { !opened.contains($0.id) }.map {
        Csi_V1_ListVolumesResponse.Entry($0.answer, $0.condition)
      }
      let page = try Page(
        of: entries + unopened, list: "volumes", id: \.volume.volumeID, after: request.startingToken,
        limit: request.maxEntries)
      return .with {
        $0.entries = page.entries
        $0.nextToken = page.nextToken
      }
    }
  }

  /// All volumes or snapshots of a cluster, or of every cluster, each once.
  ///
  /// Stores that don't answer are left out, which the log says.
  ///
  /// - Throws: `RPCError` when there are stores and none answers.
  func all(_ kind: VolumeKind, in cluster: ClusterName?) async throws -> [LocatedVolume] {
    let replies = await gateway.askAll(try await directory.stores(of: cluster)) { client throws(StoreClientError) in
      try client.list().volumes
    }
    if replies.answers.isEmpty, let error = replies.rpcError { throw error }
    for failure in replies.failures { log.warning("left out of the list: \(failure.message)") }
    var seen: Set<String> = []
    return replies.answers.flatMap { store, records in
      records.filter { $0.kind == kind && seen.insert("\(store.cluster)/\($0.id)").inserted }
        .map { LocatedVolume(store: store, record: $0) }
    }
  }
}

extension Csi_V1_ListVolumesResponse.Entry {
  fileprivate init(_ volume: Csi_V1_Volume, _ condition: Csi_V1_VolumeCondition) {
    self.init()
    self.volume = volume
    status = .with { $0.volumeCondition = condition }
  }
}

// MARK: - Capacity

extension ControllerService {
  /// Answers how much memory the stores can give to new volumes.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for parameters that make no sense, `unavailable` when the stores
  ///   cannot be listed.
  public func getCapacity(
    request: Csi_V1_GetCapacityRequest, context: ServerContext
  ) async throws -> Csi_V1_GetCapacityResponse {
    let parameters = request.parameters.isEmpty ? nil : try VolumeParameters(request.parameters)
    guard request.volumeCapabilities.allSatisfy({ $0.objection == nil }) else { return Self.capacity([]) }
    return try await answer(context) {
      var stores = try await directory.stores(of: parameters?.cluster).filter(\.isReady)
      if request.hasAccessibleTopology, !request.accessibleTopology.segments.isEmpty {
        let topology = NodeTopology(request.accessibleTopology)
        stores = stores.filter { topology?.means($0.node) ?? false }
      }
      let replies = await gateway.askAll(stores) { client throws(StoreClientError) in
        try client.list().capacity
      }
      for failure in replies.failures { log.warning("left out of the capacity: \(failure.message)") }
      if let parameters,
        let room = await clusterCapacity(parameters, replies.answers.map { ($0.store.node, $0.answer) })
      {
        return Self.capacity([room])
      }
      return Self.capacity(replies.answers.map(\.answer.available))
    }
  }

  /// - Parameter available: bytes that each store can give, a volume is in one of them; or that all give together.
  private static func capacity(_ available: [UInt64]) -> Csi_V1_GetCapacityResponse {
    .with {
      $0.availableCapacity = Int64(clamping: available.saturatingSum)
      $0.maximumVolumeSize = Google_Protobuf_Int64Value(Int64(clamping: available.max() ?? 0))
      $0.minimumVolumeSize = Google_Protobuf_Int64Value(1)
    }
  }
}

// MARK: - Validation

extension ControllerService {
  /// Answers whether a volume can be used as a request says.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for a malformed request, `notFound` for an unknown volume, or
  ///   with that of the stores that may have it.
  public func validateVolumeCapabilities(
    request: Csi_V1_ValidateVolumeCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ValidateVolumeCapabilitiesResponse {
    let id = request.volumeID
    try requireField(id, "volume_id")
    guard !request.volumeCapabilities.isEmpty else {
      throw RPCError(code: .invalidArgument, message: "volume_capabilities are missing")
    }
    return try await answer(context) {
      let parameters = try await parameters(id, request.volumeContext)
      if let objection = Self.objection(request, parameters) { return .with { $0.message = objection } }
      return .with {
        $0.confirmed = .with {
          $0.volumeContext = request.volumeContext
          $0.volumeCapabilities = request.volumeCapabilities
          $0.parameters = request.parameters
          $0.mutableParameters = request.mutableParameters
        }
      }
    }
  }

  /// The parameters of a volume; nil for one of the original, which keeps to nothing.
  private func parameters(_ id: String, _ context: [String: String]) async throws -> VolumeParameters? {
    do {
      let found = try await locate(id, .volume)
      return VolumeParameters(found.record, of: found.store.cluster)
    } catch let error as RPCError where error.code == .notFound {
      if originals.volume(id) != nil { return nil }
      // The original's PersistentVolumes tell the cluster, and their volumes are nowhere before they are first used.
      guard VolumeHandle.isUUID(id), (try? VolumeParameters(context)) != nil else { throw error }
      return nil
    }
  }

  /// The reason why a volume cannot be used in the way a request asks for; nil when it can.
  private static func objection(
    _ request: Csi_V1_ValidateVolumeCapabilitiesRequest, _ made: VolumeParameters?
  ) -> String? {
    if let objection = request.volumeCapabilities.lazy.compactMap(\.objection).first { return objection }
    do throws(RPCError) { _ = try VolumeModification(request.mutableParameters) } catch { return error.message }
    for texts in [request.parameters, request.volumeContext] where !texts.isEmpty {
      let asked: VolumeParameters
      do throws(RPCError) { asked = try VolumeParameters(texts) } catch { return error.message }
      guard let made else { continue }
      if asked.cluster != made.cluster { return "the volume is in cluster \(made.cluster)" }
      if let objection = localityObjection(request, asked, made) { return objection }
      if asked.scope != made.scope { return "the volume has scope '\(made.scope.rawValue)'" }
      // The context tells what held when the volume was made.
      if texts != request.volumeContext, asked.onDelete != made.onDelete {
        return "the volume has onDelete '\(made.onDelete.rawValue)'"
      }
    }
    return nil
  }

  private static func localityObjection(
    _ request: Csi_V1_ValidateVolumeCapabilitiesRequest, _ asked: VolumeParameters, _ made: VolumeParameters
  ) -> String? {
    guard let asked = asked.locality, let made = made.locality, asked != made else { return nil }
    // A class for volumes of all nodes makes those for one node, too.
    if made == .node, request.volumeCapabilities.allSatisfy(\.isOfOneNode) { return nil }
    return "the volume has locality '\(made.rawValue)'"
  }
}
