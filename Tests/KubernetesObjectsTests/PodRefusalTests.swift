import Testing

@testable import KubernetesObjects

/// Why the controller of a workload cannot make its pods.
@Suite struct PodRefusalTests {
  private let quota = #"pods "x" is forbidden: exceeded quota: team"#

  private func event(_ message: String, at time: String) throws -> KubernetesObject {
    KubernetesObject([
      "apiVersion": "v1", "kind": "Event", "reason": "FailedCreate", "message": .string(message),
      "lastTimestamp": .string(time),
    ])
  }

  @Test func `a Deployment says it in a condition`() throws {
    var deployment = try KubernetesObject(
      yaml: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 3}}")
    deployment.tree["status", "conditions"] = [
      ["type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": .string(quota)]
    ]
    #expect(PodRefusal.of(deployment) == quota)
    #expect(Readiness.of(deployment).detail == "0/3 ready; pods are refused: \(quota)")
    deployment.tree["status", "conditions"]?.mapElements { $0["status"] = "False" }
    #expect(PodRefusal.of(deployment) == nil)
  }

  @Test func `of a DaemonSet the last event tells, as long as pods are missing`() throws {
    var set = try KubernetesObject(
      yaml:
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, status: {desiredNumberScheduled: 3, currentNumberScheduled: 1}}"
    )
    let events = [
      try event("Error creating: \(quota)", at: "2026-01-01T00:00:02Z"),
      try event("Error creating: before", at: "2026-01-01T00:00:01Z"),
    ]
    #expect(PodRefusal.of(set, events: events) == quota)
    set.tree["status", "currentNumberScheduled"] = 3
    #expect(PodRefusal.of(set, events: events) == nil)
  }

  @Test func `of a StatefulSet the pod's name is left out`() throws {
    let set = try KubernetesObject(
      yaml: "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}, spec: {replicas: 1}}")
    let event = try event("create Pod s-0 in StatefulSet s failed error: \(quota)", at: "2026-01-01T00:00:00Z")
    #expect(PodRefusal.of(set, events: [event]) == quota)
  }
}
