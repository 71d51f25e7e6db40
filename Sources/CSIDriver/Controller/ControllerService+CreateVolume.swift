import CSIProtocol
import GRPCCore
import StoreClient
import Support
import SwiftProtobuf

extension ControllerService {
  public func createVolume(
    request: Csi_V1_CreateVolumeRequest, context: ServerContext
  ) async throws -> Csi_V1_CreateVolumeResponse {
    try await answer(context) {
      let order = try VolumeOrder(request)
      let made = try await exclusively(.volume, order.handle) {
        try await setReadOnly(order.modification.isReadOnly, try await make(order))
      }
      return .with { $0.volume = Csi_V1_Volume(made.record, in: made.store) }
    }
  }

  private func make(_ order: VolumeOrder) async throws -> Sighting {
    let stores = try await directory.stores(of: order.settings.cluster)
    let search = await search(order.handle.leaf, .volume, in: stores)
    if let existing = search.sightings.first(where: { order.admits($0.store.node) }) ?? search.sightings.first {
      guard let difference = order.difference(from: existing.record, on: existing.store.node) else { return existing }
      throw RPCError(
        code: .alreadyExists, message: "volume '\(order.handle)' exists and is not what is requested: \(difference)")
    }
    var vacancy = Vacancy(order, stores, search.survey.failures)
    for store in try await candidates(order, stores) where vacancy.considers(store) {
      do throws(StoreFailure) {
        let record = try await gateway.ask(store) { client throws(StoreClientError) in try client.open(order.request) }
        log.info("volume '\(order.handle)' made on node \(store.node)")
        return Sighting(store: store, record: record)
      } catch {
        try vacancy.note(error)
      }
    }
    throw vacancy.rpcError
  }

  /// The stores to ask, in order.
  private func candidates(_ order: VolumeOrder, _ stores: [StoreEndpoint]) async throws -> [StoreEndpoint] {
    if let source = order.source {
      return [try await storeWith(source, order, stores)]
    }
    let candidates = order.choice.candidates(stores)
    guard order.choice.considersRoom, candidates.count > 1 else { return candidates }
    let survey = await gateway.askAll(candidates) { client throws(StoreClientError) in try client.list().room.available
    }
    let room = survey.answers.reduce(into: [:]) { $0[$1.store.node] = $1.answer }
    return order.choice.candidates(stores, room: room)
  }

  /// The store that has the source: what is made of it shares its memory.
  private func storeWith(
    _ source: VolumeSource, _ order: VolumeOrder, _ stores: [StoreEndpoint]
  ) async throws -> StoreEndpoint {
    let search = await search(source.id, source.kind, in: stores)
    guard let found = search.sightings.first else {
      throw search.survey.rpcError ?? Self.unknown("\(order.settings.cluster)/\(source.id)", source.kind)
    }
    if source.kind == .volume, found.record.scope == .cluster {
      throw RPCError(
        code: .invalidArgument,
        message: "volume '\(source.id)' has scope 'cluster', so its objects are everybody's and cannot be cloned")
    }
    if let quota = order.quota, quota < found.record.used {
      throw RPCError(
        code: .outOfRange,
        message: "the volume is to have \(quota) bytes, and its source '\(source.id)' holds \(found.record.used)")
    }
    guard order.admits(found.store.node) else {
      throw RPCError(
        code: .resourceExhausted,
        message: "the source '\(source.id)' is on node \(found.store.node), which the topology requirement leaves out "
          + "(hint: allowedTopologies of the StorageClass)")
    }
    return found.store
  }
}
