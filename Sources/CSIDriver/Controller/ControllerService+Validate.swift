import CSIProtocol
import GRPCCore
import StoreClient
import SwiftProtobuf

extension ControllerService {
  public func validateVolumeCapabilities(
    request: Csi_V1_ValidateVolumeCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ValidateVolumeCapabilitiesResponse {
    let id = request.volumeID
    guard !id.isEmpty else { throw RPCError(code: .invalidArgument, message: "volume_id is missing") }
    guard !request.volumeCapabilities.isEmpty else {
      throw RPCError(code: .invalidArgument, message: "volume_capabilities are missing")
    }
    return try await answer(context) {
      let settings = try await settings(id, request.volumeContext)
      if let objection = Self.objection(request, settings) { return .with { $0.message = objection } }
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

  /// What a volume was made with; nil for one of the original, which keeps to nothing.
  private func settings(_ id: String, _ context: [String: String]) async throws -> VolumeSettings? {
    do {
      let found = try await sighting(id, .volume)
      return VolumeSettings(found.record, of: found.store.cluster)
    } catch let error as RPCError where error.code == .notFound {
      if originals.volume(id) != nil { return nil }
      // The original's PersistentVolumes tell the cluster, and their volumes are nowhere before they are first used.
      guard VolumeHandle.isUUID(id), (try? VolumeSettings(context)) != nil else { throw error }
      return nil
    }
  }

  /// Why a volume cannot be used in the way a request asks for; nil when it can.
  private static func objection(
    _ request: Csi_V1_ValidateVolumeCapabilitiesRequest, _ made: VolumeSettings?
  ) -> String? {
    if let objection = request.volumeCapabilities.lazy.compactMap(\.objection).first { return objection }
    do throws(RPCError) { _ = try VolumeModification(request.mutableParameters) } catch { return error.message }
    for texts in [request.parameters, request.volumeContext] where !texts.isEmpty {
      let asked: VolumeSettings
      do throws(RPCError) { asked = try VolumeSettings(texts) } catch { return error.message }
      guard let made else { continue }
      if asked.cluster != made.cluster { return "the volume is in cluster \(made.cluster)" }
      if asked.scope != made.scope { return "the volume has scope '\(made.scope.rawValue)'" }
      // The context tells what held when the volume was made.
      if texts != request.volumeContext, asked.onDelete != made.onDelete {
        return "the volume has onDelete '\(made.onDelete.rawValue)'"
      }
    }
    return nil
  }
}
