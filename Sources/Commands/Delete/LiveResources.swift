import ClusterInventory
import Coordination
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests

/// The custom resources of ours in a cluster, as far as they can be seen.
struct LiveResources: Sendable {
  /// Those of every kind, in the order of `ResourceKind.all`: those of one namespace for a user who may see no others.
  let all: [KubernetesObject]

  var clusters: [KubernetesObject] { all.filter { $0.reference.type == VineyarddTarget.type } }
  var drivers: [KubernetesObject] { all.filter { $0.reference.type == CSIDriverTarget.type } }

  static func read(_ client: KubernetesClient, namespace: String) async throws -> LiveResources {
    let lists = try await ResourceKind.all.mapConcurrently { try await list($0, client, or: namespace) }
    return LiveResources(all: lists.flatMap { $0 })
  }

  private static func list(
    _ kind: ResourceKind, _ client: KubernetesClient, or namespace: String
  ) async throws -> [KubernetesObject] {
    guard try await client.resource(for: kind.type) != nil else { return [] }
    do {
      return try await client.list(kind.type).items
    } catch let error as KubernetesError where error.isForbidden {
      guard kind.isNamespaced else { return [] }
      return try await client.list(kind.type, namespace: namespace).items
    }
  }

  func driver(_ name: String) -> KubernetesObject? { drivers.first { $0.name == name } }

  /// Drivers whose only cluster is going: without it they serve nobody, and without the operator nobody removes them.
  func driversServingOnly(_ cluster: String) -> [KubernetesObject] {
    drivers.filter { $0.servedClusters == [cluster] }
  }

  /// The Leases of the driver's sidecars, which go with the last driver.
  ///
  /// - Parameter names: of the drivers that go.
  func sidecarLeases(in namespace: String, withoutDrivers names: Set<String>) -> [KubernetesObject] {
    guard drivers.allSatisfy({ names.contains($0.name) }) else { return [] }
    return Manifests.sidecarLeaseObjects(in: namespace)
  }

  /// Resources that the operator goes on working for when others are gone.
  func remaining(without going: [KubernetesObject]) -> [KubernetesObject] {
    let references = Set(going.map(\.reference))
    return all.filter { !references.contains($0.reference) && !$0.isBeingDeleted }
  }
}

extension Removal {
  /// Volumes that stop working with a cluster.
  func volumes(ofCluster cluster: String) async throws -> VolumeUses.Scope {
    .clusters([cluster], classes: try await StorageClasses(client: client).of(clusters: [cluster]))
  }

  /// Volumes that stop working with a driver: all, when it is the only one, since it brings the node plugins; else
  /// those of the clusters that no other one serves.
  func volumes(ofDriver name: String, _ live: LiveResources) async throws -> VolumeUses.Scope {
    guard let driver = live.driver(name) else { return .clusters([], classes: []) }
    let others = live.drivers.filter { $0.name != name && !$0.isBeingDeleted }
    let left = driver.servedClusters.subtracting(others.flatMap(\.servedClusters))
    let classes = try await StorageClasses(client: client).of(clusters: left)
    return others.isEmpty ? .driver(classes: classes) : .clusters(left, classes: classes)
  }
}

extension KubernetesObject {
  /// The clusters of a driver as `namespace/name`.
  var servedClusters: Set<String> {
    Set(
      (tree["spec", "clusters"]?.array ?? []).map { cluster in
        "\(cluster["namespace"]?.string ?? "")/\(cluster["name"]?.string ?? "")"
      })
  }
}
