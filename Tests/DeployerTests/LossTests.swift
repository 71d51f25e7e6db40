import KubernetesObjects
import Support
import Testing

@testable import ClusterInventory
@testable import Deployer

/// What stores hold, and what it is worth.
@Suite struct LossTests {
  private func pod(_ name: String, node: String = "n1", state: String = "running") throws -> KubernetesObject {
    try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), labels: {app.vineyard.io/role: vineyardd}}
        spec: {nodeName: \(node)}
        status: {containerStatuses: [{state: {\(state): {}}}]}
        """)
  }

  private func claim(_ name: String, on nodes: Set<String>) -> VolumeUse {
    VolumeUse(kind: .claim, name: name, cluster: "n/c", nodes: nodes)
  }

  @Test func `only a store that runs holds something`() throws {
    let pods = [try pod("a"), try pod("b", state: "waiting")]
    #expect(StoreContent.of(pods, bytes: [:], uses: []).map(\.pod) == ["a"])
  }

  @Test func `volumes are counted where they are, those without a node everywhere`() throws {
    let pods = [try pod("a", node: "n1"), try pod("b", node: "n2")]
    let stores = StoreContent.of(
      pods, bytes: ["a": 0, "b": 0], uses: [claim("n/one", on: ["n1"]), claim("n/any", on: [])])
    #expect(stores.map { $0.uses.map(\.name) } == [["n/one", "n/any"], ["n/any"]])
  }

  @Test(arguments: [
    (0 as UInt64?, 0, 0), (1, 0, 1), (5 << 20, 0, 5), (0, 1, 1000), (1 << 62, 3, (1 << 30) + 3000),
    (nil, 0, 1001), (nil, 2, 2001),
  ])
  func `the cost of deleting a store grows with bytes and volumes`(_ bytes: UInt64?, _ volumes: Int, _ cost: Int) {
    let uses = (0..<volumes).map { claim("n/\($0)", on: ["n1"]) }
    #expect(StoreContent(pod: "p", node: "n1", bytes: bytes, uses: uses).deletionCost == cost)
  }

  @Test func `a loss names stores, bytes and claims, and says when it is none`() {
    var loss = Loss(
      event: "the stores of n/c are replaced one by one",
      stores: [
        StoreContent(pod: "a", node: "n1", bytes: 3 << 20, uses: []),
        StoreContent(pod: "b", node: "n2", bytes: nil, uses: []),
      ],
      uses: [claim("n/data", on: ["n1"])])
    #expect(
      loss.text == "the stores of n/c are replaced one by one, and what they hold is lost: a on n1 (3 MiB), "
        + "b on n2 (unknown content); claim n/data")
    loss = Loss(event: "scaling n/c from 2 to 1 takes stores away", stores: [])
    loss.isCertainlyNothing = true
    #expect(loss.text == "scaling n/c from 2 to 1 takes stores away: nothing is lost")
  }

  @Test func `a size fits when as many nodes as stores have room`() throws {
    let nodes = try ["n1", "n2", "n3"].map { name in
      NodeFacts(
        try KubernetesObject(
          yaml:
            """
            metadata: {name: \(name)}
            status: {allocatable: {memory: 4Gi}, conditions: [{type: Ready, status: 'True'}]}
            """))
    }
    let used: [String: UInt64] = ["n3": 2 << 30]
    #expect(Shortage(need: 3 << 30, replicas: 2, nodes: nodes, requested: used) == nil)
    let shortage = try #require(Shortage(need: 3 << 30, replicas: 3, nodes: nodes, requested: used))
    #expect(shortage.error.message == "a store of 3 GiB fits on 2 of the 3 nodes that are needed")
    #expect(shortage.error.cause == "n3 has 2 GiB left")
    // More stores than nodes is the scheduler's to say.
    #expect(Shortage(need: 1 << 30, replicas: 5, nodes: nodes, requested: [:]) == nil)
  }
}
