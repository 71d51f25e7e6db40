import Testing

@testable import KubernetesObjects

/// Readiness of objects, by what their controllers say.
@Suite struct ReadinessTests {
  @Test(arguments: [
    ("observedGeneration: 1", "waiting for its controller"),
    ("observedGeneration: 2", "0/3 updated, 0 ready"),
    ("{observedGeneration: 2, updatedReplicas: 1, availableReplicas: 3, replicas: 4}", "1/3 updated, 3 ready"),
    ("{observedGeneration: 2, updatedReplicas: 3, availableReplicas: 3, replicas: 4}", "3/3 ready, 1 old to go"),
    ("{observedGeneration: 2, updatedReplicas: 3, availableReplicas: 2, replicas: 3}", "2/3 ready"),
    // Ready, but not yet for as long as it takes to count as available.
    ("{observedGeneration: 2, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 2, replicas: 3}", "2/3 ready"),
  ])
  func `a workload is pending`(_ status: String, _ detail: String) throws {
    for kind in ["Deployment", "StatefulSet"] {
      #expect(Readiness.of(try workload(kind, status)) == .pending(detail))
    }
  }

  @Test func `a pod of the old template does not stand for the new one`() throws {
    // As a Deployment of one replica is while its new pod cannot pull its image.
    let status = "{observedGeneration: 2, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, replicas: 2}"
    #expect(Readiness.of(try workload("Deployment", status, replicas: 1)) == .pending("1/1 ready, 1 old to go"))
  }

  @Test func `a workload is ready when all pods are of the current template`() throws {
    let status = "{observedGeneration: 2, updatedReplicas: 3, availableReplicas: 3, replicas: 3}"
    #expect(Readiness.of(try workload("Deployment", status)) == .ready("3/3 ready"))
  }

  private func workload(_ kind: String, _ status: String, replicas: Int = 3) throws -> KubernetesObject {
    try KubernetesObject(
      yaml:
        """
        apiVersion: apps/v1
        kind: \(kind)
        metadata: {name: w, generation: 2}
        spec: {replicas: \(replicas)}
        status: \(status.hasPrefix("{") ? status : "{\(status)}")
        """)
  }

  @Test(arguments: [
    ("{}", Readiness.pending("waiting for its controller")),
    (
      "{observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 1, numberAvailable: 3}",
      .pending("1/3 updated, 3 ready")
    ),
    (
      "{observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 3, numberAvailable: 2}",
      .pending("2/3 ready")
    ),
    (
      "{observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3}",
      .ready("3/3 ready")
    ),
    // A cluster whose nodes the pods do not fit on.
    ("{observedGeneration: 2, desiredNumberScheduled: 0, numberReady: 0}", .ready("0/0 ready")),
  ])
  func `a daemon set`(_ status: String, _ readiness: Readiness) throws {
    let set = try KubernetesObject(
      yaml:
        "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d, generation: 2}, status: \(status)}")
    #expect(Readiness.of(set) == readiness)
  }

  @Test(arguments: [
    ("[]", Readiness.pending("not established yet")),
    ("[{type: Established, status: 'False', message: names taken}]", .pending("names taken")),
    ("[{type: Established, status: 'True', message: fine}]", .ready("established")),
  ])
  func `a definition`(_ conditions: String, _ readiness: Readiness) throws {
    let definition = try KubernetesObject(
      yaml:
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: d}
        status: {conditions: \(conditions)}
        """)
    #expect(Readiness.of(definition) == readiness)
  }

  @Test func `anything else is ready once it exists, unless it is going`() throws {
    let map = "apiVersion: v1, kind: ConfigMap, metadata: {name: m"
    #expect(Readiness.of(try KubernetesObject(yaml: "{\(map)}}")) == .ready("exists"))
    #expect(Readiness.of(try KubernetesObject(yaml: "{\(map), deletionTimestamp: now}}")) == .pending("being deleted"))
  }
}
