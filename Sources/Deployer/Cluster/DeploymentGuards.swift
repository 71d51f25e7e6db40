import ClusterInventory
import Coordination
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Keeps a deployment from beginning whose pods could never start: the default image is on no registry, so that a node
/// has it or never gets it.
public struct ImageGuard: Sendable {
  private let client: KubernetesClient
  private let progress: ProgressReporter

  public init(client: KubernetesClient, progress: ProgressReporter) {
    self.client = client
    self.progress = progress
  }

  /// Longest time until a node's kubelet tells of a new image: 30 s to see it, 10 s to report it.
  private static let reportingTime = TimeSpan(nanoseconds: 45_000_000_000)

  /// Makes sure that a node has the image, if the objects need it and it cannot be pulled.
  ///
  /// - Parameters:
  ///   - nodes: as they were a moment ago; nil when they may not be seen, and then nothing is refused.
  ///   - timeout: how long the command may take, nil for as long as it takes.
  /// - Throws: `ProgramError` with code `failed` and the command that brings the image to the nodes.
  public func require(
    _ objects: [KubernetesObject], nodes: [NodeFacts]?, timeout: TimeSpan?
  ) async throws {
    let image = ImageOptions.vineyardctl
    guard objects.contains(where: { Self.uses(image, $0) }), let nodes, NodeFacts.lack(image, nodes) else { return }
    progress.report(.wait, "no node has reported the image \(image) yet")
    let deadline = Deadline(
      after: [timeout, Self.reportingTime].compactMap { $0 }.min { $0.nanoseconds < $1.nanoseconds })
    var latest = nodes
    let isThere = try await deadline.race {
      while NodeFacts.lack(image, try await client.list(.node).items.map { NodeFacts($0) }) {
        try await Task.sleep(for: .seconds(2))
      }
    }
    if isThere { return }
    latest = try await client.list(.node).items.map { NodeFacts($0) }
    let distribution = latest.first { $0.isLinux }?.distribution ?? .other
    throw ProgramError(
      .failed, "no node has the image \(image), and no registry has it", cause: "nothing was changed",
      hint:
        "\(distribution.loading(image)) brings it there once 'scripts/image' has built it; or push it to a registry "
        + "and name it with --image")
  }

  /// Whether pods of an object, or of what the operator makes of it, run an image.
  private static func uses(_ image: String, _ object: KubernetesObject) -> Bool {
    if Workload(object).containers.contains(where: { $0.image == image }) { return true }
    guard let kind = ResourceKind.of(object.reference.type), let spec = object.tree["spec"] else { return false }
    return spec["imageRegistry"] == nil && spec[path: kind.imagePath]?.string == image
  }
}

/// Whether the nodes have room for the stores of a cluster, before those that run are given up for it.
public struct StoreRoom: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// The shortage of room; nil when there is none or when it cannot be known.
  ///
  /// - Parameter stores: the Deployment of the stores as it is to be.
  func shortage(_ stores: KubernetesObject) async throws -> Shortage? {
    let pod = stores.tree["spec", "template", "spec"]
    // With tolerations other nodes count, and which ones only the scheduler knows.
    guard let need = Workload(stores).containers.first?.memoryRequest, pod?["tolerations"] == nil,
      let nodes = try await listIfAllowed(.node), let pods = try await listIfAllowed(.pod)
    else { return nil }
    let labels = pod?["nodeSelector"]?.stringFields ?? [:]
    let usable = nodes.filter { node in labels.allSatisfy { node.labels[$0.key] == $0.value } }
      .map { NodeFacts($0) }.filter { $0.obstacle == nil && $0.allocatableMemory > 0 }
    let others = pods.filter { !Self.isStore($0, of: stores) }
    return Shortage(
      need: need, replicas: Workload(stores).desired, nodes: usable,
      requested: Self.requestedMemory(others))
  }

  /// The stores themselves make room for their successors.
  private static func isStore(_ pod: KubernetesObject, of stores: KubernetesObject) -> Bool {
    let selector = Workload(stores).selector
    return pod.namespace == stores.namespace && !selector.isEmpty
      && selector.allSatisfy { pod.labels[$0.key] == $0.value }
  }

  /// Bytes of memory that the pods of each node request; pods that have ended request none.
  static func requestedMemory(_ pods: [KubernetesObject]) -> [String: UInt64] {
    pods.reduce(into: [:]) { requested, pod in
      guard let node = Pod(pod).node, !Pod(pod).hasEnded else { return }
      for container in Pod(pod).containers { requested[node, default: 0] += container.memoryRequest ?? 0 }
    }
  }

  private func listIfAllowed(_ type: ObjectType) async throws -> [KubernetesObject]? {
    do {
      return try await client.list(type).items
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }
}

/// A store that only some of the nodes it needs can take.
struct Shortage: Sendable, Equatable {
  let need: UInt64
  /// Number of nodes that can take a store, and number of nodes that have to.
  let fitting: Int
  let wanted: Int
  /// The roomiest node that has too little, and what it has left.
  let largest: String

  /// - Returns: nil when there are enough nodes with room.
  init?(need: UInt64, replicas: Int, nodes: [NodeFacts], requested: [String: UInt64]) {
    let free = nodes.map { node -> (name: String, bytes: UInt64) in
      let used = requested[node.name] ?? 0
      return (node.name, node.allocatableMemory > used ? node.allocatableMemory - used : 0)
    }
    let short = free.filter { $0.bytes < need }.max { $0.bytes < $1.bytes }
    // More stores than nodes is another matter: the scheduler says so, and nodes may come.
    wanted = min(replicas, nodes.count)
    fitting = free.count { $0.bytes >= need }
    guard let short, fitting < wanted else { return nil }
    self.need = need
    largest = "\(short.name) has \(ByteSize(bytes: short.bytes)) left"
  }

  var error: ProgramError {
    let fewer = fitting > 0 ? " or --replicas \(fitting)" : ""
    return ProgramError(
      .failed, "a store of \(ByteSize(bytes: need)) fits on \(fitting) of the \(wanted) nodes that are needed",
      cause: largest, hint: "choose a smaller --vineyardd.size\(fewer); --yes deploys all the same")
  }
}
