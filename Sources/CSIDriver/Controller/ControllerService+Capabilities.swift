import CSIProtocol
import GRPCCore
import SwiftProtobuf

extension ControllerService {
  private static let capabilities: [Csi_V1_ControllerServiceCapability.RPC.TypeEnum] = [
    .createDeleteVolume, .listVolumes, .getCapacity, .createDeleteSnapshot, .listSnapshots, .cloneVolume,
    .expandVolume, .volumeCondition, .getVolume, .singleNodeMultiWriter, .getSnapshot, .modifyVolume,
  ]

  public func controllerGetCapabilities(
    request: Csi_V1_ControllerGetCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_ControllerGetCapabilitiesResponse {
    .with {
      $0.capabilities = Self.capabilities.map { type in .with { $0.rpc = .with { $0.type = type } } }
    }
  }
}
