import KubernetesObjects
import Support
import Testing

/// Typed views of objects.
@Suite struct ViewTests {
  @Test func `given a Deployment and a DaemonSet, then the same counts are read from their own fields`() throws {
    let deployment = Workload(
      try KubernetesObject(
        yaml: """
          kind: Deployment
          metadata: {generation: 2}
          spec: {replicas: 5, selector: {matchLabels: {app: a}}}
          status: {observedGeneration: 2, replicas: 4, updatedReplicas: 3, readyReplicas: 2, availableReplicas: 1}
          """))
    let daemons = Workload(
      try KubernetesObject(
        yaml: """
          kind: DaemonSet
          metadata: {generation: 3}
          status:
            {observedGeneration: 2, desiredNumberScheduled: 5, currentNumberScheduled: 4, updatedNumberScheduled: 3,
             numberReady: 2, numberAvailable: 1}
          """))
    for workload in [deployment, daemons] {
      #expect([workload.desired, workload.current, workload.updated] == [5, 4, 3])
      #expect([workload.ready, workload.available] == [2, 1])
    }
    #expect(deployment.object.isObserved && !daemons.object.isObserved)
    #expect(deployment.selector == ["app": "a"])
  }

  @Test func `given nothing but a name, then a StatefulSet wants one replica and a DaemonSet none`() throws {
    #expect(Workload(try KubernetesObject(yaml: "{kind: StatefulSet}")).desired == 1)
    #expect(Workload(try KubernetesObject(yaml: "{kind: DaemonSet}")).desired == 0)
    #expect(try KubernetesObject(yaml: "{kind: StatefulSet}").isObserved)
  }

  @Test func `given a pod, then its node, phase, ports and containers are read`() throws {
    let pod = Pod(
      try KubernetesObject(
        yaml: """
          kind: Pod
          spec:
            nodeName: n1
            containers: [{name: c, ports: [{name: rpc, containerPort: 9600}], resources: {requests: {memory: 1Gi}}}]
            volumes: [{name: v, persistentVolumeClaim: {claimName: data}}, {name: e, ephemeral: {}}]
          status:
            phase: Running
            podIP: ""
            conditions: [{type: Ready, status: "True"}]
            containerStatuses: [{name: c, restartCount: 2, ready: true, state: {running: {}}}]
          """))
    #expect(pod.node == "n1" && pod.isRunning && pod.isReady && !pod.hasEnded)
    #expect(pod.address == nil)
    #expect(pod.containers.map { $0.port("rpc") } == [9600])
    #expect(pod.containers.map(\.memoryRequest) == [1 << 30])
    #expect(pod.claims == ["data"] && pod.ephemeralVolumes == ["e"])
    #expect(pod.statuses.map(\.restarts) == [2] && pod.statuses.allSatisfy(\.isRunning))
  }

  @Test func `given several owners, then the controller is the one that manages the object`() throws {
    let object = try KubernetesObject(
      yaml: """
        metadata:
          ownerReferences:
          - {apiVersion: v1, kind: Node, name: n, uid: u1}
          - {apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: u2, controller: true}
        """)
    #expect(object.owners.map(\.uid) == ["u1", "u2"])
    #expect(object.controller?.kind == "ReplicaSet")
  }

  @Test func `given a condition that keeps its status, then it keeps the time of its transition`() throws {
    let resource = try KubernetesObject(
      yaml: """
        status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z"}]}
        """)
    let now = Timestamp(milliseconds: 0)
    let same = [Condition("Ready", true, "A")].tree(after: resource, generation: 1, now: now)
    let turned = [Condition("Ready", false, "B")].tree(after: resource, generation: 1, now: now)
    #expect(same[0]?["lastTransitionTime"] == "2026-01-01T00:00:00Z")
    #expect(turned[0]?["lastTransitionTime"] == "1970-01-01T00:00:00Z")
  }

  @Test func `given a definition, then its type has the first version that is served`() throws {
    let definition = try KubernetesObject(
      yaml: """
        spec:
          group: example.org
          names: {kind: Thing}
          scope: Namespaced
          versions: [{name: v1, served: false}, {name: v2, served: true}]
        """)
    #expect(definition.definedType == ObjectType(apiVersion: "example.org/v2", kind: "Thing"))
    #expect(definition.definesNamespacedType)
  }
}
