import KubernetesClient
import KubernetesObjects

/// Finds the storage classes that stop working together with their clusters or driver.
public struct StorageClasses: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// The classes that give out volumes of some clusters, also those that users made.
  ///
  /// - Parameter clusters: as `namespace/name`.
  /// - Throws: as every call of `KubernetesClient`; without the right to see classes the usual ones are returned.
  public func of(clusters: Set<String>) async throws -> Set<String> {
    let usual = clusters.map { "\($0.replacing("/", with: ".")).csi" }
    let live = try await allIfAllowed().filter { storageClass in
      guard storageClass.provisioner == Self.driver,
        let namespace = storageClass.parameters["k8s.v6d.io/vineyard/namespace"],
        let name = storageClass.parameters["k8s.v6d.io/vineyard/name"]
      else { return false }
      return clusters.contains("\(namespace)/\(name)")
    }
    return Set(usual + live.map(\.name))
  }

  /// The provisioner of our classes.
  public static let driver = "csi.vineyard.v6d.io"

  private func allIfAllowed() async throws -> [KubernetesObject] {
    do {
      return try await client.list(.storageClass).items
    } catch let error as KubernetesError where error.isForbidden {
      return []
    }
  }
}
