import Documents
import Support

/// What matters of a node to those who want to put pods on it.
public struct NodeFacts: Sendable, Equatable {
  public let name: String
  /// Why ordinary pods cannot go there, nil when they can.
  public let obstacle: String?
  /// Bytes of memory that pods may request.
  public let allocatableMemory: UInt64
  /// The machine it runs on: nodes that are containers of one machine, as those of kind, share its memory.
  public let machine: String
  /// Labels that a node selector may ask for.
  public let labels: [String: String]

  /// Reads a node.
  ///
  /// Source: NodeStatus and NodeSpec of core/v1; a cordoned node has `spec.unschedulable`.
  public init(_ node: KubernetesObject) {
    name = node.name
    allocatableMemory = node.tree["status", "allocatable", "memory"]?.string.flatMap { Quantity($0)?.bytes } ?? 0
    obstacle = Self.obstacle(node)
    machine = node.tree["status", "nodeInfo", "bootID"]?.string ?? node.name
    labels = node.labels
  }

  private static func obstacle(_ node: KubernetesObject) -> String? {
    if node.tree["spec", "unschedulable"]?.bool == true { return "cordoned" }
    let conditions = node.tree["status", "conditions"]?.array ?? []
    if conditions.first(where: { $0["type"]?.string == "Ready" })?["status"]?.string != "True" { return "not ready" }
    let taint = node.tree["spec", "taints"]?.array?.first { taint in
      ["NoSchedule", "NoExecute"].contains(taint["effect"]?.string)
    }
    return taint.map { "tainted \($0["key"]?.string ?? "")" }
  }
}

extension NodeFacts {
  /// How many replicas a cluster gets when nobody says: one for each node that can take a pod, at most three.
  ///
  /// - Returns: the number, and the sentence that says why.
  public static func defaultReplicas(_ nodes: [NodeFacts]) -> (count: Int, reason: String) {
    let free = nodes.filter { $0.obstacle == nil }
    let excluded = nodes.compactMap { node in node.obstacle.map { "\(node.name): \($0)" } }.sorted()
    let count = min(3, max(1, free.count))
    var reason = "\(count) \(count == 1 ? "replica" : "replicas"): "
    reason += "\(free.count) of \(nodes.count) \(nodes.count == 1 ? "node" : "nodes") can take a pod"
    if !excluded.isEmpty { reason += " (\(ObjectRemover.enumerated(excluded)))" }
    if free.count > 3 { reason += ", 3 are enough" }
    return (count, reason)
  }

  /// Makes sure that some node has room for a store.
  ///
  /// - Throws: `CommandError` with code `usage` when a store is larger than what any node may give to pods.
  public static func requireRoom(for size: UInt64, on nodes: [NodeFacts]) throws {
    let largest = nodes.filter { $0.obstacle == nil }.max { $0.allocatableMemory < $1.allocatableMemory }
    guard let largest, largest.allocatableMemory > 0, size > largest.allocatableMemory else { return }
    throw CommandError(
      .usage, "a store of \(ByteSize(bytes: size)) fits on no node",
      cause: "the largest, \(largest.name), has \(ByteSize(bytes: largest.allocatableMemory)) for pods",
      hint: "choose a smaller --vineyardd.size")
  }
}

extension NodeFacts {
  /// The least memory of a store's container, in bytes.
  public static let leastStoreMemory: UInt64 = 256 << 20
  /// The most memory of a store's container when nobody says how much, in bytes.
  public static let mostStoreMemory: UInt64 = 16 << 30

  /// Memory of a store's container when nobody says how much: half of what the smallest node has for pods, less what
  /// stores of other clusters have. Nodes of one machine share its bytes.
  ///
  /// - Parameters:
  ///   - selector: labels of the nodes that may run a store.
  ///   - taken: bytes that a node's stores of other clusters have.
  /// - Returns: bytes; nil when no node is known.
  public static func defaultStoreMemory(
    _ nodes: [NodeFacts], selector: [String: String] = [:], taken: UInt64 = 0
  ) -> UInt64? {
    let chosen = nodes.filter { node in
      node.allocatableMemory > 0 && selector.allSatisfy { node.labels[$0.key] == $0.value }
    }
    // Where every node is tainted, the stores tolerate it, or wait.
    let free = chosen.filter { $0.obstacle == nil }
    let neighbours = Dictionary(grouping: chosen, by: \.machine).mapValues { UInt64($0.count) }
    let shares = (free.isEmpty ? chosen : free).map { $0.allocatableMemory / (neighbours[$0.machine] ?? 1) / 2 }
    guard let smallest = shares.min() else { return nil }
    let share = smallest - min(smallest, taken)
    let mebibyte: UInt64 = 1 << 20
    return min(max(share, leastStoreMemory), mostStoreMemory) / mebibyte * mebibyte
  }
}
