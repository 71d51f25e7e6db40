import CSIProtocol
import GRPCCore
import StoreClient
import Support
import SwiftProtobuf

extension ControllerService {
  public func getCapacity(
    request: Csi_V1_GetCapacityRequest, context: ServerContext
  ) async throws -> Csi_V1_GetCapacityResponse {
    let cluster = request.parameters.isEmpty ? nil : try VolumeSettings(request.parameters).cluster
    guard request.volumeCapabilities.allSatisfy({ $0.objection == nil }) else { return Self.capacity([]) }
    return try await answer(context) {
      var stores = try await directory.stores(of: cluster).filter(\.isReady)
      if request.hasAccessibleTopology, !request.accessibleTopology.segments.isEmpty {
        let topology = NodeTopology(request.accessibleTopology)
        stores = stores.filter { topology?.means($0.node) ?? false }
      }
      let survey = await gateway.askAll(stores) { client throws(StoreClientError) in try client.list().room.available }
      for failure in survey.failures { log.warning("left out of the capacity: \(failure.message)") }
      return Self.capacity(survey.answers.map(\.answer))
    }
  }

  /// - Parameter rooms: bytes that each store can give; a volume is in one of them.
  private static func capacity(_ rooms: [UInt64]) -> Csi_V1_GetCapacityResponse {
    let all = rooms.reduce(UInt64(0)) { sum, room in
      let (larger, overflow) = sum.addingReportingOverflow(room)
      return overflow ? .max : larger
    }
    return .with {
      $0.availableCapacity = Int64(clamping: all)
      $0.maximumVolumeSize = Google_Protobuf_Int64Value(Int64(clamping: rooms.max() ?? 0))
      $0.minimumVolumeSize = Google_Protobuf_Int64Value(1)
    }
  }
}
