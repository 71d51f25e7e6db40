import KubernetesClient
import KubernetesObjects
import Manifests

/// Finds the objects of a cluster by their labels.
public struct LabelledObjects: Sendable {
  private let client: KubernetesClient
  private let namespace: String
  private let name: String

  /// - Parameter name: of the cluster.
  public init(client: KubernetesClient, namespace: String, name: String) {
    self.client = client
    self.namespace = namespace
    self.name = name
  }

  private static let types: [ObjectType] = [
    .deployment, .statefulSet, .pod, .persistentVolumeClaim, .serviceAccount, .secret, .configMap, .disruptionBudget,
    .networkPolicy, .role, .roleBinding,
  ]

  /// All objects of the cluster that nothing else controls; the controlled ones go with their owners.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func all() async throws -> [KubernetesObject] {
    try await withThrowingTaskGroup(of: [KubernetesObject].self) { group in
      for type in Self.types { group.addTask { try await list(type, label) } }
      group.addTask { try await spill() }
      group.addTask { try await services() }
      let found = try await group.reduce(into: []) { $0 += $1 }
      return found.filter { $0.controller == nil }
    }
  }

  /// Objects that outlive the cluster's custom resource: the claims of etcd, and the volume for spilling, which belongs
  /// to no namespace.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func leftBehind() async throws -> [KubernetesObject] {
    async let claims = list(.persistentVolumeClaim, "\(label),app.vineyard.io/role=etcd")
    async let spill = spill()
    return try await (claims + spill).filter { $0.controller == nil }
  }

  /// The stores of all clusters in a namespace that run without an operator.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public static func plainClusters(_ client: KubernetesClient, in namespace: String) async throws -> [KubernetesObject]
  {
    let all = try await client.list(.deployment, namespace: namespace, labels: "app.vineyard.io/name").items
    return all.filter { deployment in
      Workload(deployment).podLabels["app.vineyard.io/role"] == "vineyardd" && deployment.controller == nil
    }
  }

  private var label: String { "app.vineyard.io/name=\(name)" }

  /// The volume and the claim have a name of their own, so another label says whose they are.
  private func spill() async throws -> [KubernetesObject] {
    let label = "\(Manifests.clusterLabel)=\(namespace).\(name)"
    async let claims = list(.persistentVolumeClaim, label)
    async let volumes = volumesIfAllowed(label)
    return try await claims + volumes
  }

  /// A user who may not even see volumes, which belong to no namespace, has not deployed one.
  private func volumesIfAllowed(_ labels: String) async throws -> [KubernetesObject] {
    do {
      return try await client.list(.persistentVolume, labels: labels).items
    } catch let error as KubernetesError where error.isForbidden {
      return []
    }
  }

  /// Services of the cluster. Most of the original's have no label, but select by it, or by the name of a member of
  /// etcd.
  private func services() async throws -> [KubernetesObject] {
    let all = try await client.list(.service, namespace: namespace).items
    return all.filter { service in
      if service.labels["app.vineyard.io/name"] == name { return true }
      let selector = service.tree["spec", "selector"]?.stringFields ?? [:]
      let isTheirs =
        selector["app.vineyard.io/name"] == name || selector["etcd_node"]?.hasPrefix("\(name)-etcd-") == true
      return isTheirs && Ownership.isOurs(service)
    }
  }

  private func list(_ type: ObjectType, _ labels: String) async throws -> [KubernetesObject] {
    try await client.list(type, namespace: namespace, labels: labels).items
  }
}
