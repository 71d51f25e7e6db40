import GRPCCore
import StoreClient

/// A volume or snapshot, and the store that has it.
struct Sighting: Sendable {
  let store: StoreEndpoint
  let record: VolumeRecord
}

/// What came out when stores were asked for a volume.
struct Search: Sendable {
  let sightings: [Sighting]
  let survey: Survey<VolumeRecord?>

  init(_ survey: Survey<VolumeRecord?>) {
    self.survey = survey
    sightings = survey.answers.compactMap { store, record in record.map { Sighting(store: store, record: $0) } }
  }
}

extension ControllerService {
  /// Asks stores for a volume or snapshot.
  func search(_ leaf: String, _ kind: VolumeKind, in stores: [StoreEndpoint]) async -> Search {
    Search(
      await gateway.askAll(stores) { client throws(StoreClientError) in try client.inspect(leaf, kind: kind) })
  }

  /// Finds a volume or snapshot.
  ///
  /// - Throws: `RPCError` with code `notFound`, or that of the stores which may have it and don't say so.
  func sighting(_ id: String, _ kind: VolumeKind) async throws -> Sighting {
    guard !id.isEmpty else {
      throw RPCError(code: .invalidArgument, message: "the id of the \(kind.rawValue) is missing")
    }
    guard let handle = VolumeHandle(id: id) else { throw Self.unknown(id, kind) }
    let search = await search(handle.leaf, kind, in: try await directory.stores(of: handle.cluster))
    if let sighting = search.sightings.first { return sighting }
    throw search.survey.rpcError ?? Self.unknown(id, kind)
  }

  static func unknown(_ id: String, _ kind: VolumeKind) -> RPCError {
    RPCError(code: .notFound, message: "\(kind.rawValue) '\(id.prefix(160))' does not exist")
  }
}
