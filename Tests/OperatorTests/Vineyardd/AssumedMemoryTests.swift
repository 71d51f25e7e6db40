import ClusterInventory
import KubernetesObjects
import Manifests
import Synchronization
import Testing

@testable import Operator

/// The part of a cluster that decisions on memory look at.
private final class World: Sendable {
  let clusters = Mutex<[KubernetesObject]>([])
  let deployments = Mutex<[KubernetesObject]>([])

  func memory() -> AssumedMemory {
    let node = KubernetesObject([
      "apiVersion": "v1", "kind": "Node", "metadata": ["name": "a"],
      "status": [
        "allocatable": ["memory": "16Gi", "pods": "110"], "conditions": [["type": "Ready", "status": "True"]],
      ],
    ])
    return AssumedMemory(
      clusters: { self.clusters.withLock { $0 } }, deployments: { self.deployments.withLock { $0 } },
      deployment: { reference in self.deployments.withLock { $0.first { $0.reference == reference } } },
      nodes: { [NodeFacts(node)] })
  }

  /// A cluster that names no size.
  func add(_ name: String, uid: String) throws -> VineyarddSpec {
    let cluster = Samples.object("Vineyardd", name, uid: uid, apiVersion: "k8s.v6d.io/v1alpha1")
    clusters.withLock { $0.append(cluster) }
    return try VineyarddSpec(customResource: cluster)
  }

  func remove(_ uid: String) { clusters.withLock { $0.removeAll { $0.uid == uid } } }

  /// Stores as the operator makes them.
  func run(_ name: String, owner: String?, _ memory: String) {
    var stores = Samples.object("Deployment", name, uid: "stores", owner: owner)
    stores.tree["metadata", "annotations"] = [Manifests.assumedMemoryAnnotation: .string(memory)]
    stores.tree["spec", "template", "spec", "containers"] = [
      ["name": "vineyardd", "resources": ["limits": ["memory": .string(memory)]]]
    ]
    deployments.withLock { $0.append(stores) }
  }
}

@Suite("Memory of clusters whose resource names none")
struct AssumedMemoryTests {
  private let world = World()

  @Test("a decision counts as soon as it is made, and stays")
  func decisions() async throws {
    let memory = world.memory()
    let (first, second) = (try world.add("a", uid: "1"), try world.add("b", uid: "2"))
    #expect(try await memory.quantity(for: first, uid: "1") == "8192Mi")
    #expect(try await memory.quantity(for: second, uid: "2") == "256Mi")
    #expect(try await memory.quantity(for: first, uid: "1") == "8192Mi")
  }

  @Test("a decision counts no longer than its resource is there, whoever has worked on its end")
  func gone() async throws {
    let memory = world.memory()
    let first = try world.add("a", uid: "1")
    #expect(try await memory.quantity(for: first, uid: "1") == "8192Mi")
    world.remove("1")
    #expect(try await memory.quantity(for: try world.add("b", uid: "2"), uid: "2") == "8192Mi")
  }

  @Test("stores of a resource that is gone do not count, though nobody has heard of their end yet")
  func late() async throws {
    world.run("a", owner: "1", "8Gi")
    #expect(try await world.memory().quantity(for: try world.add("b", uid: "2"), uid: "2") == "8192Mi")
  }

  @Test("stores without a resource, and those of one that is there, count")
  func running() async throws {
    world.run("a", owner: nil, "7Gi")
    let second = try world.add("b", uid: "2")
    #expect(try await world.memory().quantity(for: second, uid: "2") == "1024Mi")
    world.run("c", owner: "3", "512Mi")
    _ = try world.add("c", uid: "3")
    #expect(try await world.memory().quantity(for: second, uid: "2") == "512Mi")
  }

  @Test("stores keep what they have, also those that come into the hands of a resource")
  func kept() async throws {
    world.run("a", owner: "1", "3Gi")
    #expect(try await world.memory().quantity(for: try world.add("a", uid: "1"), uid: "1") == "3Gi")
    world.run("b", owner: nil, "2Gi")
    #expect(try await world.memory().quantity(for: try world.add("b", uid: "2"), uid: "2") == "2Gi")
  }

  @Test("a resource that is made again gets a decision of its own")
  func again() async throws {
    let memory = world.memory()
    let other = try world.add("b", uid: "2")
    #expect(try await memory.quantity(for: other, uid: "2") == "8192Mi")
    let first = try world.add("a", uid: "1")
    #expect(try await memory.quantity(for: first, uid: "1") == "256Mi")
    world.run("a", owner: "1", "256Mi")
    world.remove("1")
    world.remove("2")
    #expect(try await memory.quantity(for: try world.add("a", uid: "3"), uid: "3") == "8192Mi")
  }
}
