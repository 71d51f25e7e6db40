import KubernetesObjects
import Manifests
import Support

/// The facts about a node that decide whether pods can go there.
public struct NodeFacts: Sendable, Equatable {
  public let name: String
  /// Bytes of memory that pods may request.
  public let allocatableMemory: UInt64
  /// The machine it runs on: nodes that are containers of one machine, as those of kind, share its memory.
  public let machine: String
  /// Labels that a node selector may ask for.
  public let labels: [String: String]
  /// `amd64`, `arm64`, …
  public let architecture: String
  /// Whether it runs Linux, as our pods need.
  public let isLinux: Bool
  /// Time since which the node is down, and the reason, for people; nil while its kubelet reports that it is ready.
  public let outage: String?
  /// The root directory of the kubelet, if the node says that it is an unusual one.
  public let kubeletDirectory: String?
  /// The distribution of Kubernetes, which decides how images get onto the node.
  public let distribution: Distribution
  /// The images that it reports.
  public let images: NodeImages
  private let taints: [Value]
  private let isCordoned: Bool

  /// Reads a node.
  ///
  /// Source: NodeStatus and NodeSpec of core/v1; a cordoned node has `spec.unschedulable`.
  public init(_ node: KubernetesObject) {
    name = node.name
    allocatableMemory = node.tree["status", "allocatable", "memory"]?.string.flatMap { Quantity($0)?.bytes } ?? 0
    machine = node.tree["status", "nodeInfo", "bootID"]?.string ?? node.name
    labels = node.labels
    taints = node.tree["spec", "taints"]?.array ?? []
    isCordoned = node.tree["spec", "unschedulable"]?.bool == true
    architecture = labels["kubernetes.io/arch"] ?? node.tree["status", "nodeInfo", "architecture"]?.string ?? ""
    isLinux = (labels["kubernetes.io/os"] ?? node.tree["status", "nodeInfo", "operatingSystem"]?.string) != "windows"
    outage = Self.outage(node)
    distribution = Distribution(node)
    kubeletDirectory = distribution.kubeletDirectory
    images = NodeImages(node)
  }

  /// The obstacle for ordinary pods; nil when they can go there.
  public var obstacle: String? { obstacle(for: PodPlacement()) }

  /// The obstacle for pods of a placement; nil when they can go there.
  public func obstacle(for placement: PodPlacement) -> String? {
    if !isLinux { return "runs Windows" }
    if isCordoned { return "cordoned" }
    if outage != nil { return "not ready" }
    let taint = taints.first { taint in
      ["NoSchedule", "NoExecute"].contains(taint["effect"]?.string)
        && !placement.tolerations.contains { Self.tolerates($0, taint) }
    }
    if let taint { return "tainted \(taint["key"]?.string ?? "")" }
    if !placement.architectures.isEmpty, !placement.architectures.contains(architecture) { return "is \(architecture)" }
    let missing = placement.nodeSelector.sorted { $0.key < $1.key }.first { labels[$0.key] != $0.value }
    return missing.map { "not labelled \($0.key)=\($0.value)" }
  }

  /// Source: Toleration of core/v1; an empty key, value or effect stands for each.
  private static func tolerates(_ toleration: Value, _ taint: Value) -> Bool {
    if let effect = toleration["effect"]?.string, !effect.isEmpty, effect != taint["effect"]?.string { return false }
    if let key = toleration["key"]?.string, !key.isEmpty, key != taint["key"]?.string { return false }
    return toleration["operator"] == "Exists"
      || (toleration["value"]?.string ?? "") == (taint["value"]?.string ?? "")
  }

  private static func outage(_ node: KubernetesObject) -> String? {
    guard let condition = node.condition("Ready") else { return "node \(node.name) has never been ready" }
    guard condition.status != .yes else { return nil }
    let since = condition.lastTransitionTime.map { " since \($0)" } ?? ""
    let message = condition.message.isEmpty ? "" : ": \(condition.message)"
    return "node \(node.name) is NotReady\(since)\(message)"
  }
}

extension NodeFacts {
  /// Default number of replicas: one for each node that can take a pod, at most three.
  ///
  /// - Returns: the number, and the sentence that says why.
  public static func defaultReplicas(
    _ nodes: [NodeFacts], for placement: PodPlacement = PodPlacement()
  ) -> (count: Int, reason: String) {
    let free = nodes.filter { $0.obstacle(for: placement) == nil }
    let excluded = nodes.compactMap { node in node.obstacle(for: placement).map { "\(node.name): \($0)" } }.sorted()
    let count = min(3, max(1, free.count))
    var reason = "\(count) \(count == 1 ? "replica" : "replicas"): "
    reason += "\(free.count) of \(nodes.count) \(nodes.count == 1 ? "node" : "nodes") can take a pod"
    if !excluded.isEmpty { reason += " (\(excluded.shortList))" }
    if free.count > 3 { reason += ", 3 are enough" }
    return (count, reason)
  }

  /// A warning of more stores than nodes that can take one; nil when there are enough, or none at all is known.
  public static func surplus(of replicas: Int, _ nodes: [NodeFacts], for placement: PodPlacement) -> String? {
    let free = nodes.filter { $0.obstacle(for: placement) == nil }.count
    guard !nodes.isEmpty, replicas > free else { return nil }
    let waiting = replicas - free
    return
      "\(free) of \(nodes.count) \(nodes.count == 1 ? "node" : "nodes") can take a store, and \(replicas) are asked for: "
      + "\(waiting) \(waiting == 1 ? "waits" : "wait") until there are more nodes"
  }

  /// Makes sure that some node has room for a store.
  ///
  /// - Throws: `ProgramError` with code `usage` when a store is larger than what any node may give to pods.
  public static func requireRoom(
    for size: UInt64, on nodes: [NodeFacts], placement: PodPlacement = PodPlacement()
  ) throws {
    let largest = nodes.filter { $0.obstacle(for: placement) == nil }.max {
      $0.allocatableMemory < $1.allocatableMemory
    }
    guard let largest, largest.allocatableMemory > 0, size > largest.allocatableMemory else { return }
    throw ProgramError(
      .usage, "a store of \(ByteSize(bytes: size)) fits on no node",
      cause: "the largest, \(largest.name), has \(ByteSize(bytes: largest.allocatableMemory)) for pods",
      hint: "choose a smaller --vineyardd.size")
  }

  /// Warnings before a deployment, a line each: nodes that are down, and nodes that run images of another
  /// architecture.
  public static func warnings(_ nodes: [NodeFacts]) -> [String] {
    let outages = nodes.compactMap(\.outage).sorted()
    var lines = Array(outages.prefix(5))
    if outages.count > 5 { lines.append("\(outages.count - 5) more nodes are NotReady") }
    let architectures = Set(nodes.filter(\.isLinux).map(\.architecture)).subtracting([""]).sorted()
    if architectures.count > 1 {
      lines.append(
        "the nodes have the architectures \(architectures.joined(separator: ", ")): unless the image is built for all of "
          + "them, name those it is built for with --architectures")
    }
    return lines
  }

  /// The root directory of the kubelet if the nodes agree on an unusual one; nil when they say nothing.
  ///
  /// - Throws: `ProgramError` with code `failed` when they differ.
  public static func kubeletDirectory(_ nodes: [NodeFacts]) throws -> String? {
    let linux = nodes.filter(\.isLinux)
    let found = Set(linux.map { $0.kubeletDirectory ?? Distribution.usualDirectory })
    guard found != [Distribution.usualDirectory] else { return nil }
    guard found.count <= 1 else {
      throw ProgramError(
        .failed, "kubelets work in different directories: \(found.sorted().joined(separator: ", "))",
        hint: "link them to one directory on all nodes and name it with --kubelet-directory")
    }
    return found.first
  }
}
