import KubernetesObjects
import Testing

@testable import Operator

@Suite("Preferences for nodes that hold a pod's volumes")
struct PlacementHintsTests {
  private let gibibyte: UInt64 = 1 << 30
  private let list = "preferredDuringSchedulingIgnoredDuringExecution"

  private func pod(_ affinity: Value? = nil, node: String? = nil) -> KubernetesObject {
    var pod = KubernetesObject(["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "step"], "spec": [:]])
    pod.tree["spec", "affinity"] = affinity
    pod.tree["spec", "nodeName"] = node.map { .string($0) }
    return pod
  }

  private func nodes(_ terms: [Value]) -> [String?] {
    terms.map { $0["preference", "matchExpressions"]?[0]?["values"]?[0]?.string }
  }

  @Test("weights are the nodes' shares of the bytes, the largest first")
  func weights() {
    let terms = PlacementHints.terms(["a": gibibyte, "b": 3 * gibibyte])
    #expect(nodes(terms) == ["b", "a"] && terms.map { $0["weight"] } == [75, 25])
    #expect(terms[0]["preference", "matchExpressions"]?[0]?["key"]?.string == VolumeTopology.nodeKey)
  }

  @Test("nodes with little are not named, and few bytes are no reason to go anywhere")
  func little() {
    #expect(nodes(PlacementHints.terms(["a": 95 * gibibyte, "b": 5 * gibibyte])) == ["a"])
    #expect(PlacementHints.terms(["a": PlacementHints.leastBytes - 1]).isEmpty && PlacementHints.terms([:]).isEmpty)
    #expect(PlacementHints.terms(["a": .max, "b": 0]).map { $0["weight"] } == [100])
  }

  @Test("a pod without an affinity gets one, a pod with one keeps it and gets the terms beside")
  func patches() {
    let terms = PlacementHints.terms(["a": gibibyte])
    func paths(_ affinity: Value?) -> [String?] {
      PlacementHints.patch(pod(affinity), terms).map { $0["path"]?.string }
    }
    let base = "/spec/affinity"
    #expect(paths(nil) == [base] && paths(.null) == [base])
    #expect(paths(["podAffinity": [:]]) == ["\(base)/nodeAffinity"])
    #expect(
      paths(["nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": [:]]]) == [
        "\(base)/nodeAffinity/\(list)"
      ])
    let others: Value = ["weight": 1, "preference": ["matchExpressions": [["key": "gpu", "operator": "Exists"]]]]
    #expect(paths(["nodeAffinity": [list: [others]]]) == ["\(base)/nodeAffinity/\(list)/-"])
  }

  @Test("a pod that has a node, or prefers nodes by our label already, is left alone")
  func untouched() {
    let terms = PlacementHints.terms(["a": gibibyte])
    #expect(PlacementHints.patch(pod(node: "b"), terms).isEmpty)
    #expect(PlacementHints.patch(pod(["nodeAffinity": [list: .array(terms)]]), terms).isEmpty)
    #expect(PlacementHints.patch(pod(), []).isEmpty)
  }
}
