import KubernetesObjects
import Testing

@testable import CSIDriver

/// A change to a pod, with a name for the test's report.
struct PodChange: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let change: @Sendable (inout Value) -> Void

  init(_ what: String, _ change: @escaping @Sendable (inout Value) -> Void) {
    testDescription = what
    self.change = change
  }
}

@Suite("Pods of stores")
struct StorePodTests {
  private func pod(_ change: (inout Value) -> Void = { _ in }) -> KubernetesObject {
    var pod: Value = [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": [
        "name": "store-abc", "namespace": "ns",
        "labels": ["app.vineyard.io/name": "store", "app.vineyard.io/role": "vineyardd"],
      ],
      "spec": [
        "nodeName": "a",
        "containers": [["name": "other", "ports": [["name": "x", "containerPort": 1]]], ["name": "vineyardd"]],
      ],
      "status": [
        "phase": "Running", "podIP": "10.0.0.7",
        "conditions": [["type": "Initialized", "status": "True"], ["type": "Ready", "status": "True"]],
      ],
    ]
    change(&pod)
    return KubernetesObject(pod)
  }

  @Test("are reached at their address and the port named rpc, by default 9600")
  func address() throws {
    let store = try #require(StoreEndpoint(pod: pod()))
    #expect(store.cluster == (try .sample()) && store.node == "a" && store.isReady)
    #expect(store.address == .network(host: "10.0.0.7", port: 9600))
    let moved = StoreEndpoint(
      pod: pod {
        $0["spec", "containers"] = [
          [
            "name": "vineyardd",
            "ports": [["name": "metrics", "containerPort": 9601], ["name": "rpc", "containerPort": 9700]],
          ]
        ]
      })
    #expect(moved?.address == .network(host: "10.0.0.7", port: 9700))
  }

  @Test(
    "are there and not ready",
    arguments: [
      PodChange("terminating") { $0["metadata", "deletionTimestamp"] = "2026-11-24T00:00:00Z" },
      PodChange("unready") { $0["status", "conditions"] = [["type": "Ready", "status": "False"]] },
      PodChange("unknown") { $0["status", "conditions"] = nil },
      PodChange("no address") { $0["status", "podIP"] = nil },
    ])
  func unready(change: PodChange) throws {
    #expect(try #require(StoreEndpoint(pod: pod(change.change))).isReady == false)
  }

  @Test(
    "are no stores when they have ended, are not scheduled yet or belong to nothing",
    arguments: [
      PodChange("failed") { $0["status", "phase"] = "Failed" },
      PodChange("succeeded") { $0["status", "phase"] = "Succeeded" },
      PodChange("unscheduled") { $0["spec", "nodeName"] = nil },
      PodChange("no cluster") { $0["metadata", "labels", "app.vineyard.io/name"] = nil },
      PodChange("no name") { $0["metadata", "labels", "app.vineyard.io/name"] = "../x" },
      PodChange("no namespace") { $0["metadata", "namespace"] = nil },
    ])
  func ended(change: PodChange) {
    #expect(StoreEndpoint(pod: pod(change.change)) == nil)
  }
}
