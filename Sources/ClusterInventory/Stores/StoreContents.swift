import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Asks the stores of a cluster for their contents.
public struct StoreContents: Sendable {
  private let client: KubernetesClient
  private let log: Logger
  private let isInside: Bool

  /// - Parameter isInside: whether this is a pod of the cluster, which reaches the others without the API server.
  public init(client: KubernetesClient, log: Logger, isInside: Bool = false) {
    self.client = client
    self.log = log
    self.isInside = isInside
  }

  /// The content of each running store; content that may not be seen is taken as unknown.
  ///
  /// - Parameter cluster: as `namespace/name`.
  /// - Throws: as every call of `KubernetesClient`.
  public func read(namespace: String, name: String) async throws -> [StoreContent] {
    let pods = try await client.list(
      .pod, namespace: namespace, labels: "app.vineyard.io/name=\(name),app.vineyard.io/role=vineyardd"
    ).items
    guard !StoreContent.of(pods, bytes: [:], uses: []).isEmpty else { return [] }
    let cluster = "\(namespace)/\(name)"
    async let memory = StoreMemoryReader(client: client, log: log, isInside: isInside).read(pods)
    async let uses = uses(of: cluster)
    return try await StoreContent.of(pods, bytes: memory.found.mapValues(\.used), uses: uses)
  }

  private func uses(of cluster: String) async throws -> [VolumeUse] {
    do {
      let classes = try await StorageClasses(client: client).of(clusters: [cluster])
      return try await VolumeUses(client: client, scope: .clusters([cluster], classes: classes)).find().uses
    } catch let error as KubernetesError where error.isForbidden {
      log.debug("the claims of \(cluster) cannot be seen: \(error)")
      return []
    }
  }
}

/// The contents of one running store, as far as they can be known.
public struct StoreContent: Sendable, Equatable {
  public let pod: String
  /// Empty while it is on none.
  public let node: String
  /// Bytes of live objects; nil when the store could not be asked.
  public let bytes: UInt64?
  /// Claims, pods and volumes that are bound to its node.
  public let uses: [VolumeUse]

  /// Whether it is known to hold nothing.
  public var isEmpty: Bool { bytes == 0 && uses.isEmpty }

  /// Text in a list: `vineyardd-sample-x7 on node-1 (1.2 GiB)`.
  public var text: String {
    let amount = bytes.map { "\(ByteSize(bytes: $0))" } ?? "unknown content"
    return "\(pod)\(node.isEmpty ? "" : " on \(node)") (\(amount))"
  }

  /// Cost of deleting the pod instead of another one (`controller.kubernetes.io/pod-deletion-cost`, a
  /// 32-bit number): a mebibyte counts one, a volume a thousand.
  ///
  /// A store that cannot be asked is taken to hold more than an empty one.
  public var deletionCost: Int {
    guard let bytes else { return 1 + 1000 * max(1, uses.count) }
    let mebibytes = min(bytes / (1 << 20) + (bytes % (1 << 20) > 0 ? 1 : 0), 1 << 30)
    return min(Int(mebibytes) + 1000 * uses.count, Int(Int32.max))
  }
}

extension StoreContent {
  /// The stores among some pods: those with a container that runs, since nothing else holds memory.
  ///
  /// - Parameters:
  ///   - bytes: of live objects, by pod.
  ///   - uses: of the cluster; those without a node count for every store.
  static func of(_ pods: [KubernetesObject], bytes: [String: UInt64], uses: [VolumeUse]) -> [StoreContent] {
    pods.filter { isHolding($0) }.map { pod in
      let node = Pod(pod).node ?? ""
      return StoreContent(
        pod: pod.name, node: node, bytes: bytes[pod.name],
        uses: uses.filter { $0.nodes.isEmpty || $0.nodes.contains(node) })
    }
  }

  private static func isHolding(_ pod: KubernetesObject) -> Bool {
    guard !pod.isBeingDeleted, pod.labels["app.vineyard.io/role"] == "vineyardd" else { return false }
    return Pod(pod).statuses.contains(where: \.isRunning)
  }
}

/// Tells Kubernetes which stores to keep when there are to be fewer.
///
/// Source: Kubernetes documentation, "ReplicaSet", pod deletion cost: among pods that are ready, the cheapest goes first.
public struct DeletionCosts: Sendable {
  static let annotation = "controller.kubernetes.io/pod-deletion-cost"

  private let log: Logger
  private let patch: @Sendable (ObjectReference, Patch) async throws -> Void

  /// - Parameter patch: changes a pod.
  public init(log: Logger, patch: @escaping @Sendable (ObjectReference, Patch) async throws -> Void) {
    self.log = log
    self.patch = patch
  }

  /// Writes costs onto pods. A pod that is gone needs none; without the right to change pods Kubernetes chooses.
  ///
  /// - Throws: as the function that changes pods, unless the pod is gone or may not be changed.
  public func set(_ costs: [ObjectReference: Int]) async throws {
    for (pod, cost) in costs.sorted(by: { $0.key.name < $1.key.name }) {
      do {
        try await patch(pod, .merge(["metadata": ["annotations": [Self.annotation: .string(String(cost))]]]))
      } catch let error as KubernetesError where error.isNotFound || error.isForbidden {
        log.warning("\(pod) gets no deletion cost: \(error.message)")
      }
    }
  }
}

extension [StoreContent] {
  /// Deletion costs by pod.
  public func costs(in namespace: String) -> [ObjectReference: Int] {
    reduce(into: [:]) { costs, store in
      costs[ObjectReference(type: .pod, namespace: namespace, name: store.pod)] = store.deletionCost
    }
  }
}

extension StoreContents {
  /// Deletion costs of the stores of a cluster, by pod.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func costs(namespace: String, name: String) async throws -> [ObjectReference: Int] {
    try await read(namespace: namespace, name: name).costs(in: namespace)
  }
}
