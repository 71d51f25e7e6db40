import Deployer
import Documents
import KubernetesClient

extension Removal {
  /// Drivers whose only cluster is going: without it they serve nobody, and without the operator nobody removes them.
  func driversServingOnly(_ cluster: String) async throws -> [KubernetesObject] {
    try await drivers().filter { $0.servedClusters == [cluster] }
  }

  /// The storage classes that give out volumes of a cluster.
  func storageClasses(ofCluster cluster: String) async throws -> Set<String> {
    try await StorageClasses(client: client).of(clusters: [cluster])
  }

  /// The storage classes that a driver serves, none when there is no such driver.
  func storageClasses(ofDriver name: String) async throws -> Set<String> {
    guard let driver = try await drivers().first(where: { $0.name == name }) else { return [] }
    return try await StorageClasses(client: client).of(clusters: driver.servedClusters)
  }

  private func drivers() async throws -> [KubernetesObject] {
    guard try await client.resource(for: CSIDriverTarget.type) != nil else { return [] }
    return try await client.list(CSIDriverTarget.type).items
  }
}

extension KubernetesObject {
  /// The clusters of a driver as `namespace/name`.
  fileprivate var servedClusters: Set<String> {
    Set(
      (tree["spec", "clusters"]?.array ?? []).map { cluster in
        "\(cluster["namespace"]?.string ?? "")/\(cluster["name"]?.string ?? "")"
      })
  }
}
