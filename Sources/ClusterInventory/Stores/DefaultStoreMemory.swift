import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Memory of a store's container when nobody says how much.
public enum DefaultStoreMemory {
  /// The least, in bytes.
  static let least: UInt64 = 256 << 20
  /// The most, in bytes.
  static let most: UInt64 = 16 << 30

  /// Half of what the smallest node has for pods, less what stores of other clusters have. Nodes of one machine share its
  /// bytes.
  ///
  /// - Parameters:
  ///   - nodes: of the cluster; nil when they may not be seen.
  ///   - placement: where the stores may run.
  ///   - taken: bytes that stores of other clusters have on a node.
  /// - Returns: a quantity, the same for request and limit.
  public static func share(
    of nodes: [NodeFacts]?, for placement: PodPlacement = PodPlacement(), taken: UInt64 = 0
  ) -> String {
    let chosen = (nodes ?? []).filter { node in
      node.allocatableMemory > 0 && placement.nodeSelector.allSatisfy { node.labels[$0.key] == $0.value }
    }
    // Where no node takes the stores now, they wait for one that does.
    let free = chosen.filter { $0.obstacle(for: placement) == nil }
    let neighbours = Dictionary(grouping: chosen, by: \.machine).mapValues { UInt64($0.count) }
    let shares = (free.isEmpty ? chosen : free).map { $0.allocatableMemory / (neighbours[$0.machine] ?? 1) / 2 }
    guard let smallest = shares.min() else { return VineyarddSpec.Store.memoryOnUnknownNodes }
    return "\(min(max(smallest - min(smallest, taken), least), most) >> 20)Mi"
  }

  /// Bytes that the store of a Deployment may take at most; nil for a Deployment of anything else.
  public static func limit(of deployment: KubernetesObject) -> UInt64? {
    Workload(deployment).containers.first { $0.name == "vineyardd" }?.memoryLimit
  }

  /// Bytes that some stores have together.
  public static func sum(_ limits: some Sequence<UInt64>) -> UInt64 { limits.reduce(0) { $0 + min($1, 1 << 50) } }

  /// The Deployments of the stores of all clusters; of one namespace's without the right to see more.
  ///
  /// - Throws: `KubernetesError` when the server cannot be asked.
  public static func deployments(_ client: KubernetesClient, or namespace: String) async throws -> [KubernetesObject] {
    let labels = "app.kubernetes.io/managed-by=\(Manifests.creator),app.kubernetes.io/part-of=vineyard"
    let all: [KubernetesObject]
    do {
      all = try await client.list(.deployment, labels: labels).items
    } catch let error as KubernetesError where error.isForbidden {
      all = try await client.list(.deployment, namespace: namespace, labels: labels).items
    }
    return all.filter { limit(of: $0) != nil }
  }
}
