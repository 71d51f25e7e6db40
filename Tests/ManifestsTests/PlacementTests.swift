import KubernetesObjects
import Manifests
import Support
import Testing

/// Where pods may run, and what they need there, is the same for stores, driver and operator.
@Suite struct PlacementTests {
  private func workloads(_ change: (inout PodPlacement) -> Void) throws -> [KubernetesObject] {
    var placement = PodPlacement()
    change(&placement)
    var cluster = VineyarddSpec()
    var driver = Samples.driver()
    var options = OperatorOptions()
    cluster.placement = placement
    driver.placement = placement
    options.placement = placement
    return
      try
      (Manifests.operatorObjects(options) + Manifests.vineyardd(cluster, uid: nil, controlledByOperator: false)
      + Manifests.csiDriver(driver, namespace: "vineyard-system")).filter { $0.tree["spec", "template"] != nil }
  }

  private func pod(_ workload: KubernetesObject) throws -> Value {
    try #require(workload.tree["spec", "template", "spec"])
  }

  @Test func `every pod runs on Linux, whatever else its node must have`() throws {
    for workload in try workloads({ _ in }) {
      #expect(try pod(workload)["nodeSelector"] == ["kubernetes.io/os": "linux"], "\(workload.reference)")
    }
    for workload in try workloads({ $0.nodeSelector = ["disk": "nvme"] }) {
      #expect(
        try pod(workload)["nodeSelector"] == ["kubernetes.io/os": "linux", "disk": "nvme"], "\(workload.reference)")
    }
  }

  @Test func `tolerations, architectures and secrets reach every pod`() throws {
    let found = try workloads { placement in
      placement.tolerations = [["key": "gpu", "operator": "Exists"]]
      placement.architectures = ["amd64"]
      placement.imagePullSecrets = ["login"]
    }
    #expect(found.count == 5)
    for workload in found {
      let pod = try pod(workload)
      #expect(pod["tolerations"] == [["key": "gpu", "operator": "Exists"]], "\(workload.reference)")
      #expect(pod["imagePullSecrets"] == [["name": "login"]], "\(workload.reference)")
      let terms = pod["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]
      #expect(
        terms == [["matchExpressions": [["key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]]]]],
        "\(workload.reference)")
    }
  }

  @Test func `only pods that use their node get an SELinux context`() throws {
    for workload in try workloads({ $0.seLinuxOptions = ["type": "spc_t"] }) {
      let usesNode = ["vineyardd-sample", "csidriver-sample-csi-nodes"].contains(workload.name)
      let context = try pod(workload)["securityContext", "seLinuxOptions"]
      #expect(context == (usesNode ? ["type": "spc_t"] : nil), "\(workload.reference)")
    }
  }

  @Test(
    arguments: [
      ("gpu", ["key": "gpu", "operator": "Exists"]),
      ("gpu:NoSchedule", ["key": "gpu", "operator": "Exists", "effect": "NoSchedule"]),
      ("team=a", ["key": "team", "operator": "Equal", "value": "a"]),
      (
        "example.com/team=a:NoExecute",
        ["key": "example.com/team", "operator": "Equal", "value": "a", "effect": "NoExecute"]
      ),
      ("*", ["operator": "Exists"]),
    ] as [(String, Value)])
  func `a toleration is written as a taint`(_ text: String, _ toleration: Value) throws {
    #expect(try Toleration.parse(text) == toleration)
  }

  @Test(arguments: ["", ":NoSchedule", "a:Sometimes", "a b", "a:NoSchedule:x", "=v"])
  func `a toleration that is none`(_ text: String) {
    #expect(throws: ProgramError.self) { try Toleration.parse(text) }
  }

  /// Settings that make no sense, and the refusal.
  struct Nonsense: Sendable {
    let change: @Sendable (inout PodPlacement) -> Void
    let message: String

    static let all = [
      Nonsense(change: { $0.nodeSelector = ["disk/": "x"] }, message: "invalid node selector 'disk/'"),
      Nonsense(change: { $0.nodeSelector = ["disk": "-x"] }, message: "invalid node selector disk '-x'"),
      Nonsense(change: { $0.architectures = [""] }, message: "invalid architecture ''"),
      Nonsense(change: { $0.imagePullSecrets = ["No"] }, message: "invalid image pull secret 'No'"),
      Nonsense(change: { $0.tolerations = [[:]] }, message: "a toleration without a key"),
    ]
  }

  @Test(arguments: Nonsense.all)
  func `what makes no sense is refused`(_ nonsense: Nonsense) {
    let error = #expect(throws: ProgramError.self) { try workloads(nonsense.change) }
    #expect(error?.message == nonsense.message)
  }
}
