import KubernetesObjects
import Testing

@testable import Deployer

/// Readiness of what was applied.
@Suite struct ReadinessGateTests {
  @Test func `what an object says of an older generation than the applied one does not count`() throws {
    let old = try KubernetesObject(
      yaml:
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: w, generation: 2}
        spec: {replicas: 3}
        status: {observedGeneration: 2, updatedReplicas: 3, availableReplicas: 3, replicas: 3}
        """)
    var applied = old
    applied.tree["metadata", "generation"] = 3
    let gate = ReadinessGate(workload: old, required: true).expecting([applied])
    #expect(gate.readiness(of: old) == .pending("waiting for the API server"))
    #expect(ReadinessGate(workload: old, required: true).expecting([old]).readiness(of: old).isReady)
  }
}
