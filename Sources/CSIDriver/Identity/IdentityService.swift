import CSIProtocol
import GRPCCore
import Glibc
import KubernetesClient
import Logging
import Support
import SwiftProtobuf
import Synchronization

/// Answers with the driver's name, abilities and readiness.
public struct IdentityService: Csi_V1_Identity.SimpleServiceProtocol {
  /// The name that StorageClasses, PersistentVolumes and inline volumes give.
  public static let driverName = "csi.vineyard.v6d.io"

  private let isController: Bool
  private let readiness: Readiness

  init(isController: Bool, readiness: Readiness) {
    self.isController = isController
    self.readiness = readiness
  }

  /// Answers name and version of the driver.
  ///
  /// - Throws: nothing.
  public func getPluginInfo(
    request: Csi_V1_GetPluginInfoRequest, context: ServerContext
  ) async throws -> Csi_V1_GetPluginInfoResponse {
    .with {
      $0.name = Self.driverName
      $0.vendorVersion = Version.product
      $0.manifest = ["vineyard": Version.current]
    }
  }

  /// Answers which services the driver has.
  ///
  /// - Throws: nothing.
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

  /// Reports whether the driver is ready. "Not ready" is an answer, not an error: the sidecars wait for it to change.
  ///
  /// - Throws: nothing.
  public func probe(
    request: Csi_V1_ProbeRequest, context: ServerContext
  ) async throws -> Csi_V1_ProbeResponse {
    let isReady = await readiness.isReady()
    return .with { $0.ready = Google_Protobuf_BoolValue(isReady) }
  }
}

/// Whether the driver can do its work: it sees the sockets of its node's stores, or the API server answers.
///
/// A node without a store is no reason to be restarted or not to be registered: there, publishing says what is missing.
final class Readiness: Sendable {
  /// A thing that the driver depends on.
  enum Dependency: Sendable {
    /// The directory with the stores' sockets.
    case directory(String)
    case server(KubernetesClient)
  }

  private let dependencies: [Dependency]
  private let log: Logger
  /// The reason that was logged last, so that the log has changes only.
  private let lastReason = Mutex<String??>(nil)

  init(_ dependencies: [Dependency], log: Logger) {
    self.dependencies = dependencies
    self.log = log
  }

  func isReady() async -> Bool {
    var reason: String?
    for dependency in dependencies where reason == nil { reason = await Self.obstacle(dependency) }
    tell(reason)
    return reason == nil
  }

  private static func obstacle(_ dependency: Dependency) async -> String? {
    switch dependency {
    case .directory(let path):
      return access(path, R_OK | X_OK) == 0 ? nil : "\(path): \(errorText(errno))"
    case .server(let client):
      do {
        _ = try await client.version()
        return nil
      } catch {
        return (error as? any ClientError)?.asProgramError.description ?? "\(error)"
      }
    }
  }

  private func tell(_ reason: String?) {
    let isNew = lastReason.withLock { last in
      defer { last = .some(reason) }
      return last != .some(reason)
    }
    guard isNew else { return }
    if let reason { log.warning("not ready: \(reason)") } else { log.info("ready") }
  }
}
