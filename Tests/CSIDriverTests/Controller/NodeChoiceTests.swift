import CSIProtocol
import KubernetesObjects
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("Choice of the node")
struct NodeChoiceTests {
  private func candidates(
    _ requirement: Csi_V1_TopologyRequirement, _ stores: [StoreEndpoint]? = nil, available: [String: UInt64] = [:]
  ) throws -> [String] {
    let all = try ["a", "b", "c"].map { try StoreEndpoint.sample($0) }
    return NodeChoice(requirement).candidates(stores ?? all, available: available).map(\.node)
  }

  @Test("preferred nodes come first, then the requisite ones in their order")
  func order() throws {
    #expect(try candidates(.nodes(requisite: ["c", "b", "a"], preferred: ["b"])) == ["b", "c", "a"])
  }

  @Test("nodes that are not requisite are left out")
  func requisite() throws {
    #expect(try candidates(.nodes(requisite: ["b"])) == ["b"])
    #expect(try candidates(.nodes(requisite: ["b"], preferred: ["a"])) == ["b"])
    #expect(try candidates(.nodes(requisite: ["elsewhere"])).isEmpty)
  }

  @Test("without requirements the node with most room comes first, of equal ones the first by name")
  func room() throws {
    #expect(try candidates(.init(), available: ["a": 1, "b": 7, "c": 7]) == ["b", "c", "a"])
  }

  @Test("preferred nodes alone leave the others as a second choice, by room")
  func preferredOnly() throws {
    #expect(try candidates(.nodes(preferred: ["c"]), available: ["a": 1, "b": 2, "c": 0]) == ["c", "b", "a"])
  }

  @Test("stores that are not ready are no candidates")
  func readiness() throws {
    let stores = [try StoreEndpoint.sample("a", isReady: false), try .sample("b")]
    #expect(try candidates(.nodes(requisite: ["a", "b"], preferred: ["a"]), stores) == ["b"])
  }

  @Test("topologies of other drivers or zones mean no node")
  func foreignKeys() throws {
    let zone = Csi_V1_TopologyRequirement.with {
      $0.requisite = [
        .with { $0.segments = ["topology.kubernetes.io/zone": "z"] },
        .with { $0.segments = ["kubernetes.io/hostname": "a", "topology.kubernetes.io/zone": "z"] },
      ]
    }
    #expect(try candidates(zone).isEmpty)
    #expect(!NodeChoice(zone).allows("a"))
    #expect(NodeChoice(zone).isEmpty && NodeChoice(zone).foreignKey == "topology.kubernetes.io/zone")
  }

  @Test("the label of former releases, in claims and volumes that exist, means the node of that name")
  func formerKey() throws {
    let former = Csi_V1_TopologyRequirement.with {
      $0.requisite = [.with { $0.segments = ["kubernetes.io/hostname": "b"] }]
    }
    #expect(try candidates(former) == ["b"])
    #expect(NodeChoice(former).isOneNode)
  }

  @Test("a node whose name is too long for a label is meant by a hash of it")
  func longName() throws {
    let name = "ip-10-0-0-1." + String(repeating: "long.", count: 12) + "example.org"
    let value = VolumeTopology.nodeValue(name)
    #expect(name.utf8.count > 63 && value.utf8.count <= 63 && VolumeTopology.nodeValue(name + "x") != value)
    #expect(NodeTopology.topology(name).segments == ["csi.vineyard.v6d.io/node": value])
    let requirement = Csi_V1_TopologyRequirement.with { $0.requisite = [NodeTopology.topology(name)] }
    let stores = try [name, "a"].map { try StoreEndpoint.sample($0) }
    #expect(try candidates(requirement, stores) == [name])
  }

  @Test("a node is named once, however often it is asked for")
  func named() {
    #expect(NodeChoice(.nodes(requisite: ["a", "b", "a"], preferred: ["b", "x"])).named.map(\.name) == ["b", "a"])
  }
}
