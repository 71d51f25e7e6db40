import ClusterInventory
import KubernetesObjects
import Manifests
import Support
import Testing

/// Which nodes take pods, and how many stores that makes.
@Suite struct NodeFactsTests {
  private func node(
    _ name: String, spec: String = "{}", ready: String = "True", memory: String = "16Gi", pool: String = "slow",
    machine: String? = nil
  ) throws -> NodeFacts {
    NodeFacts(
      try KubernetesObject(
        yaml:
          """
          apiVersion: v1
          kind: Node
          metadata: {name: \(name), labels: {pool: \(pool)}}
          spec: \(spec)
          status:
            allocatable: {memory: '\(memory)'}
            conditions: [{type: Ready, status: '\(ready)'}]
            nodeInfo: {bootID: \(machine ?? name)}
          """))
  }

  private func placement(_ edit: (inout PodPlacement) -> Void) -> PodPlacement {
    var placement = PodPlacement()
    edit(&placement)
    return placement
  }

  @Test func `without a size a store gets half of the smallest node it may be on`() throws {
    let nodes = [
      try node("a", memory: "8Gi"), try node("b", memory: "3650000000"),
      try node("c", memory: "6Gi", pool: "fast"),
      try node("d", spec: "{unschedulable: true}", memory: "1Gi"),
      try node("e", spec: "{taints: [{key: gpu, effect: NoSchedule}]}", memory: "2Gi"),
    ]
    #expect(DefaultStoreMemory.share(of: nodes) == "1740Mi")
    #expect(DefaultStoreMemory.share(of: nodes, for: placement { $0.nodeSelector = ["pool": "fast"] }) == "3072Mi")
    let tolerant = placement { $0.tolerations = [["key": "gpu", "operator": "Exists"]] }
    #expect(DefaultStoreMemory.share(of: nodes, for: tolerant) == "1024Mi")
    #expect(DefaultStoreMemory.share(of: [nodes[3]]) == "512Mi", "the stores wait until the node takes pods")
    #expect(DefaultStoreMemory.share(of: [try node("large", memory: "2Ti")]) == "16384Mi")
    let many = try (0..<200).map { try node("n\($0)", memory: "\(64 + $0)Gi") }
    #expect(DefaultStoreMemory.share(of: many, taken: 20 << 30) == "12288Mi")
  }

  @Test func `without a node that is known a store gets what its pod requests`() throws {
    #expect(DefaultStoreMemory.share(of: nil) == "1Gi")
    #expect(DefaultStoreMemory.share(of: [], taken: 1 << 40) == "1Gi")
    let elsewhere = placement { $0.nodeSelector = ["pool": "none"] }
    #expect(DefaultStoreMemory.share(of: [try node("a")], for: elsewhere) == "1Gi")
  }

  @Test func `nodes of one machine do not promise its bytes twice, nor do clusters`() throws {
    let kind = try (1...3).map { try node("kind-\($0)", memory: "24Gi", machine: "laptop") }
    #expect(DefaultStoreMemory.share(of: kind) == "4096Mi")
    #expect(DefaultStoreMemory.share(of: kind, taken: 3 << 30) == "1024Mi")
    #expect(DefaultStoreMemory.share(of: kind, taken: 4 << 30) == "256Mi")
  }

  @Test(arguments: [
    ("{}", "True", nil), ("{unschedulable: true}", "True", "cordoned"), ("{}", "False", "not ready"),
    ("{}", "Unknown", "not ready"), ("{taints: [{key: gpu, effect: NoSchedule}]}", "True", "tainted gpu"),
    ("{taints: [{key: gone, effect: NoExecute}]}", "True", "tainted gone"),
    ("{taints: [{key: soft, effect: PreferNoSchedule}]}", "True", nil),
  ])
  func `what keeps pods away`(_ spec: String, _ ready: String, _ obstacle: String?) throws {
    #expect(try node("n", spec: spec, ready: ready).obstacle == obstacle)
  }

  @Test func `memory is what pods may have`() throws {
    #expect(try node("n", memory: "1500Ki").allocatableMemory == 1_536_000)
    #expect(try node("n", memory: "lots").allocatableMemory == 0)
  }

  @Test(arguments: [
    (0, 1, "1 replica: 0 of 0 nodes can take a pod"), (1, 1, "1 replica: 1 of 1 node can take a pod"),
    (2, 2, "2 replicas: 2 of 2 nodes can take a pod"), (3, 3, "3 replicas: 3 of 3 nodes can take a pod"),
    (7, 3, "3 replicas: 7 of 7 nodes can take a pod, 3 are enough"),
  ])
  func `one store per node, at most three`(_ count: Int, _ replicas: Int, _ reason: String) throws {
    let choice = NodeFacts.defaultReplicas(try (0..<count).map { try node("n\($0)") })
    #expect(choice.count == replicas)
    #expect(choice.reason == reason)
  }

  @Test func `nodes that take none are named, a few of them`() throws {
    let nodes = try (1...7).map { try node("n\($0)", spec: $0 == 1 ? "{}" : "{unschedulable: true}") }
    let names = (2...6).map { "n\($0): cordoned" }.joined(separator: ", ")
    #expect(
      NodeFacts.defaultReplicas(nodes).reason == "1 replica: 1 of 7 nodes can take a pod (\(names) and 1 more)")
  }

  @Test func `a store must fit on the largest node that takes pods`() throws {
    let nodes = [
      try node("small", memory: "4Gi"), try node("large", memory: "8Gi"),
      try node("closed", spec: "{unschedulable: true}", memory: "64Gi"),
    ]
    try NodeFacts.requireRoom(for: 8 << 30, on: nodes)
    try NodeFacts.requireRoom(for: 1 << 60, on: [])
    let error = #expect(throws: ProgramError.self) { try NodeFacts.requireRoom(for: (8 << 30) + 1, on: nodes) }
    #expect(error?.cause == "the largest, large, has 8 GiB for pods")
    #expect(error?.code == .usage)
  }
}
