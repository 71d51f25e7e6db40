import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Whether nodes can take stores: schedulable, with memory, with the image, with a known kubelet directory.
struct NodeCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Nodes"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let nodes = try await check.client.list(.node).items
      let facts = nodes.map { NodeFacts($0) }
      let usable = facts.filter { $0.obstacle == nil }
      guard !usable.isEmpty else {
        return [
          Finding(
            Self.group, .failed, "no node can take a pod (\(NodeFacts.defaultReplicas(facts).reason))",
            hint: "add a node, or uncordon one with 'kubectl uncordon'")
        ]
      }
      let count = Finding(Self.group, .passed, "\(usable.count) of \(facts.count) nodes can take a pod")
      return try await [count, memory(usable), image(nodes)] + kubeletDirectories(facts)
        + NodeFacts.warnings(facts).map { Finding(Self.group, .warning, $0) }
    }
  }

  /// Compares the memory that nodes have left for pods with the size of a store.
  private func memory(_ usable: [NodeFacts]) async throws -> Finding {
    let requested = try await requestedMemory()
    let free = usable.map { node in
      (name: node.name, bytes: node.allocatableMemory.saturatingSubtract(requested[node.name] ?? 0))
    }.sorted { $0.bytes > $1.bytes }
    let largest = free.first.map { "\(ByteSize(bytes: $0.bytes)) on \($0.name)" } ?? "none"
    guard let size = check.subject.size else {
      return Finding(Self.group, .passed, "free memory: at most \(largest)")
    }
    let fitting = free.count { $0.bytes >= size }
    let text = "a store of \(ByteSize(bytes: size)) fits on \(fitting) of \(usable.count) nodes (at most \(largest))"
    if fitting == usable.count { return Finding(Self.group, .passed, text) }
    return Finding(
      Self.group, fitting == 0 ? .failed : .warning, text, hint: "choose a smaller --size or fewer replicas")
  }

  /// Bytes requested by the pods of each node. Clusters have many pods: none of them is kept.
  private func requestedMemory() async throws -> [String: UInt64] {
    try await check.client.reduce(
      .pod, fields: "status.phase!=Succeeded,status.phase!=Failed", into: [String: UInt64]()
    ) { requested, pod in
      guard let node = Pod(pod).node else { return }
      for container in Pod(pod).containers {
        requested[node, default: 0] += container.memoryRequest ?? 0
      }
    }
  }

  /// Nodes report the images they hold, the fifty largest only.
  private func image(_ nodes: [KubernetesObject]) -> Finding {
    let image = check.subject.image
    let holders = nodes.filter { NodeImages($0).contains(image) }
    if holders.count == nodes.count { return Finding(Self.group, .passed, "every node has the image \(image)") }
    let loading = nodes.first.map { Distribution($0) }?.loading(image) ?? "'ctr images import'"
    guard image.hasPrefix("localhost/") else {
      return Finding(
        Self.group, .warning, "\(holders.count) of \(nodes.count) nodes are known to have the image \(image)",
        hint: "the others pull it; make sure that they can reach its registry")
    }
    // Where it is certain that no node has it, a deployment is refused.
    let isNowhere = NodeFacts.lack(image, nodes.map { NodeFacts($0) })
    return Finding(
      Self.group, isNowhere ? .failed : .warning,
      "\(holders.count) of \(nodes.count) nodes are known to have the image \(image), which no registry has",
      hint: "load it onto the nodes with \(loading), or push it and use --image")
  }

  /// Compares the directories of the kubelets with those of the drivers, once there is a driver.
  private func kubeletDirectories(_ facts: [NodeFacts]) async throws -> [Finding] {
    let unusual = facts.compactMap { node in node.kubeletDirectory.map { "\(node.name): \($0)" } }
    let drivers =
      try await check.client.resource(for: .csiDriver) == nil
      ? [] : try await check.client.list(.csiDriver).items
    let expected = facts.filter(\.isLinux).map { $0.kubeletDirectory ?? Distribution.usualDirectory }
    let wrong = drivers.filter { driver in
      let directory = driver.tree["spec", "kubeletDirectory"]?.string ?? Distribution.usualDirectory
      return expected.contains { $0 != directory }
    }
    let names = unusual.shortList
    if let driver = wrong.first, !unusual.isEmpty {
      let directory = driver.tree["spec", "kubeletDirectory"]?.string ?? Distribution.usualDirectory
      return [
        Finding(
          Self.group, .failed, "the CSI driver looks for kubelets in \(directory), and they work in \(names)",
          hint: "deploy it again with --reset kubelet-directory, which takes the directory that the nodes say")
      ]
    }
    guard !unusual.isEmpty else {
      return [Finding(Self.group, .passed, "nothing says that a kubelet works elsewhere than in /var/lib/kubelet")]
    }
    let how = drivers.isEmpty ? "'deploy csidriver' takes that directory" : "the CSI driver uses that directory"
    guard Set(expected).count == 1 else {
      return [
        Finding(
          Self.group, .failed, "kubelets work in different directories: \(names)",
          hint: "link them to one directory on all nodes and name it with --kubelet-directory")
      ]
    }
    return [Finding(Self.group, .passed, "kubelets work in \(names); \(how)")]
  }
}

extension UInt64 {
  fileprivate func saturatingSubtract(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
