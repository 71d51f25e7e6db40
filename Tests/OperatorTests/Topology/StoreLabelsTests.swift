import KubernetesObjects
import Testing

@testable import Operator

@Suite("Labels of nodes with stores")
struct StoreLabelsTests {
  private static let key = "csi.vineyard.v6d.io/store-n.numbers"
  private let start = ContinuousClock.now

  private func store(_ node: String, isReady: Bool = true, cluster: String = "numbers") -> KubernetesObject {
    var pod = Samples.object("Pod", "\(cluster)-\(node)", apiVersion: "v1")
    pod.tree["metadata", "labels"] = ["app.vineyard.io/name": .string(cluster), "app.vineyard.io/role": "vineyardd"]
    pod.tree["spec"] = ["nodeName": .string(node)]
    pod.tree["status"] = [
      "phase": "Running", "conditions": [["type": "Ready", "status": isReady ? "True" : "False"]],
    ]
    return pod
  }

  private func node(_ name: String, _ labels: [String] = []) -> KubernetesObject {
    var node = KubernetesObject(["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name)]])
    node.setLabel("kubernetes.io/hostname", name)
    for label in labels { node.setLabel(label, VolumeTopology.storeValue) }
    return node
  }

  @Test("a node gets the label of each ready store, and keeps what it has otherwise")
  func added() {
    var labels = StoreLabels()
    let stores = [store("a"), store("a", cluster: "letters"), store("b", isReady: false)]
    let (changes, next) = labels.changes(stores: stores, nodes: [node("a"), node("b"), node("c")], now: start)
    #expect(changes == [StoreLabels.Change(node: "a", added: ["csi.vineyard.v6d.io/store-n.letters", Self.key])])
    #expect(changes[0].patch["metadata", "labels", Self.key] == "true" && next == nil)
  }

  @Test("what is as it should be needs no write")
  func upToDate() {
    var labels = StoreLabels()
    #expect(labels.changes(stores: [store("a")], nodes: [node("a", [Self.key])], now: start).changes.isEmpty)
  }

  @Test("a node whose store is gone, or goes, loses the label at once")
  func removed() {
    var going = store("b")
    going.tree["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z"
    var ended = store("c")
    ended.tree["status", "phase"] = "Failed"
    var labels = StoreLabels()
    let nodes = ["a", "b", "c"].map { node($0, [Self.key]) }
    let (changes, _) = labels.changes(stores: [going, ended], nodes: nodes, now: start)
    #expect(changes.map(\.node) == ["a", "b", "c"] && changes.allSatisfy { $0.removed == [Self.key] })
    #expect(changes[0].patch["metadata", "labels", Self.key]?.isNull == true)
  }

  @Test("a store that is not ready keeps the label for a while, counted anew each time")
  func grace() {
    var labels = StoreLabels()
    let (nodes, waiting) = ([node("a", [Self.key])], [store("a", isReady: false)])
    let grace = StoreLabels.grace
    #expect(labels.changes(stores: waiting, nodes: nodes, now: start).next == start + grace)
    #expect(labels.changes(stores: waiting, nodes: nodes, now: start + grace - .seconds(1)).changes.isEmpty)
    #expect(labels.changes(stores: [store("a")], nodes: nodes, now: start + grace).changes.isEmpty)
    let again = start + grace + .seconds(1)
    #expect(labels.changes(stores: waiting, nodes: nodes, now: again).next == again + grace)
    let (changes, next) = labels.changes(stores: waiting, nodes: nodes, now: again + grace)
    #expect(changes.map(\.removed) == [[Self.key]] && next == nil)
  }

  @Test("a store that was never ready gives no label, however long it takes")
  func neverReady() {
    var labels = StoreLabels()
    let (changes, next) = labels.changes(stores: [store("a", isReady: false)], nodes: [node("a")], now: start)
    #expect(changes.isEmpty && next == nil)
  }
}
