import CSIProtocol
import GRPCCore
import Support
import SwiftProtobuf

/// Says who the driver is, what it can do and whether it is ready.
public struct IdentityService: Csi_V1_Identity.SimpleServiceProtocol {
  /// The name that StorageClasses, PersistentVolumes and inline volumes give.
  public static let driverName = "csi.vineyard.v6d.io"

  private let isController: Bool
  private let readiness: Readiness

  init(isController: Bool, readiness: Readiness) {
    self.isController = isController
    self.readiness = readiness
  }

  public func getPluginInfo(
    request: Csi_V1_GetPluginInfoRequest, context: ServerContext
  ) async throws -> Csi_V1_GetPluginInfoResponse {
    .with {
      $0.name = Self.driverName
      $0.vendorVersion = Version.product
      $0.manifest = ["vineyard": Version.current]
    }
  }

  public func getPluginCapabilities(
    request: Csi_V1_GetPluginCapabilitiesRequest, context: ServerContext
  ) async throws -> Csi_V1_GetPluginCapabilitiesResponse {
    var capabilities = [Self.service(.volumeAccessibilityConstraints)]
    if isController {
      capabilities.append(Self.service(.controllerService))
      capabilities.append(.with { $0.volumeExpansion = .with { $0.type = .online } })
    }
    return .with { $0.capabilities = capabilities }
  }

  private static func service(
    _ type: Csi_V1_PluginCapability.Service.TypeEnum
  ) -> Csi_V1_PluginCapability {
    .with { $0.service = .with { $0.type = type } }
  }

  /// Not ready is an answer, not an error: the sidecars wait for it to change.
  public func probe(
    request: Csi_V1_ProbeRequest, context: ServerContext
  ) async throws -> Csi_V1_ProbeResponse {
    let isReady = await readiness.isReady()
    return .with { $0.ready = Google_Protobuf_BoolValue(isReady) }
  }
}
