import Deployer
import Documents
import KubernetesClient

extension Removal {
  /// Drivers whose only cluster is going: without it they serve nobody, and without the operator nobody removes them.
  func driversServingOnly(_ namespace: String, _ cluster: String) async throws -> [KubernetesObject] {
    try await drivers().filter { driver in
      let clusters = driver.tree["spec", "clusters"]?.array ?? []
      return !clusters.isEmpty
        && clusters.allSatisfy { $0["namespace"]?.string == namespace && $0["name"]?.string == cluster }
    }
  }

  /// The storage classes that a driver serves.
  func storageClasses(ofDriver name: String) async throws -> Set<String> {
    let driver = try await drivers().first { $0.name == name }
    return Set(
      (driver?.tree["spec", "clusters"]?.array ?? []).map { cluster in
        "\(cluster["namespace"]?.string ?? "").\(cluster["name"]?.string ?? "").csi"
      })
  }

  private func drivers() async throws -> [KubernetesObject] {
    guard try await client.resource(for: CSIDriverTarget.type) != nil else { return [] }
    return try await client.list(CSIDriverTarget.type).items
  }
}
