import KubernetesObjects
import Manifests
import Support
import Testing

/// What makes no sense is refused with a sentence that says what to do.
@Suite struct RefusalTests {
  /// The error that validating a changed spec throws.
  private func refusal(_ change: (inout VineyarddSpec) throws -> Void) throws -> ProgramError? {
    var spec = VineyarddSpec()
    try change(&spec)
    return #expect(throws: ProgramError.self) { try spec.validate() }
  }

  private func driverRefusal(_ change: (inout CSIDriverSpec) -> Void) -> ProgramError? {
    var spec = Samples.driver()
    change(&spec)
    return #expect(throws: ProgramError.self) { try spec.validate() }
  }

  @Test(
    arguments: [
      ("", "it is empty"), ("Vineyard", "only a-z, 0-9 and - are allowed"),
      ("a.b", "only a-z, 0-9 and - are allowed"), ("-a", "it begins or ends with -"),
      ("a-", "it begins or ends with -"), ("1a", "it does not begin with a letter"),
    ] as [(String, String)])
  func `a cluster's name that is none`(_ name: String, _ cause: String) throws {
    #expect(
      try refusal { $0.name = name }?.description
        == "invalid cluster name '\(name)': \(cause) (hint: use letters a-z, digits and -, such as vineyardd-sample)")
  }

  @Test func `a name too long for what is named after it`() throws {
    let name = String(repeating: "n", count: 48)
    #expect(
      try refusal { $0.name = name }?.description
        == "invalid cluster name '\(name)': it has 48 characters, 47 are possible (hint: choose a shorter name)")
    let namespace = String(repeating: "s", count: 50)
    #expect(
      try refusal { $0.namespace = namespace }?.description
        == "invalid cluster name 'vineyardd-sample': with its namespace it has 67 characters, 63 are possible "
        + "(hint: choose a shorter name or namespace)")
  }

  @Test func `a number or word out of range`() throws {
    let cases: [((inout VineyarddSpec) -> Void, String)] = [
      ({ $0.replicas = -1 }, "invalid number of replicas -1 (hint: give 0 to 10000)"),
      ({ $0.etcdReplicas = 0 }, "invalid number of etcd replicas 0 (hint: give 1 to 9)"),
      ({ $0.service.port = 70000 }, "invalid service port 70000 (hint: give 1 to 65535)"),
      (
        { $0.service.type = "Loadbalancer" },
        "invalid service type 'Loadbalancer' (hint: give ClusterIP, NodePort or LoadBalancer)"
      ),
      ({ $0.store.streamThreshold = 101 }, "invalid stream threshold 101 (hint: give 0 to 100)"),
    ]
    for (change, message) in cases {
      #expect(try refusal(change)?.description == message)
    }
  }

  @Test(
    arguments: [
      ("-1Gi", nil, "invalid size '-1Gi': it is negative (hint: leave it out for no limit)"),
      (
        "4Q", nil,
        "invalid size '4Q': unknown unit 'Q' (hint: write a number and k, m, g, t, p or e, such as 512M or 1.5Gi)"
      ),
      (
        "4Gi", "1Gi",
        "size 4Gi does not fit into memory 1Gi (hint: leave the memory out, or give 4682Mi or more)"
      ),
      (
        "", "plenty",
        "invalid memory 'plenty': it is no quantity "
          + "(hint: write a number and a suffix as Kubernetes does, such as 4Gi, 512M or 500m)"
      ),
      ("", "0", "invalid memory '0': it is not above zero (hint: leave it out for none)"),
    ] as [(String, String?, String)])
  func `sizes that are none`(_ size: String, _ memory: String?, _ message: String) throws {
    let error = try refusal { spec in
      spec.store.size = size
      spec.store.memory = memory
    }
    #expect(error?.description == message)
  }

  @Test(
    arguments: [
      ("https://example.com/a", "it has a scheme"), ("", "it is empty"), ("a b", "it is no image reference"),
      ("a:", "it is no image reference"),
    ] as [(String, String)])
  func `images that are none`(_ image: String, _ cause: String) throws {
    #expect(
      try refusal { $0.store.image = image }?.description
        == "invalid image '\(image)': \(cause) (hint: write it like registry.example.com/vineyardctl:1.0)")
  }

  @Test func `a registry with a scheme`() throws {
    #expect(
      try refusal { $0.imageRegistry = "https://mirror" }?.description
        == "invalid image registry 'https://mirror': it has a scheme "
        + "(hint: write it like registry.example.com:5000/path)")
  }

  @Test func `spilling that cannot work`() throws {
    let needsBoth =
      "spilling needs both: spill.name (--vineyardd.spill.config) and spill.path (--vineyardd.spill.path)"
    let cases: [((inout VineyarddSpec.Spill) -> Void, String)] = [
      (
        { spec in
          spec.name = "overflow"
          spec.path = "/spill"
          spec.spillLowerRate = "0.8"
        },
        "the lower spill rate 0.8 is not below the upper one, 0.8 (hint: give shares like 0.3 and 0.8)"
      ),
      (
        { $0.spillUpperRate = "80%" },
        "invalid upper spill rate '80%' (hint: give a share between 0 and 1, like 0.3)"
      ),
      ({ $0.spillLowerRate = ".3" }, "invalid lower spill rate '.3' (hint: give a share between 0 and 1, like 0.3)"),
      ({ $0.name = "overflow" }, "a spill name without a spill path (hint: \(needsBoth))"),
      ({ $0.path = "/spill" }, "a spill path without a spill name (hint: \(needsBoth))"),
      ({ $0.persistentVolumeSpec = [:] }, "a spill volume without a spill name (hint: give name and path too)"),
      (
        { spec in
          spec.name = "shm"
          spec.path = "/spill"
        },
        "invalid spill name 'shm': the store has another volume of this name (hint: choose another name)"
      ),
      (
        { spec in
          spec.name = "overflow"
          spec.path = "/spill/../etc"
        },
        "invalid spill path '/spill/../etc': it has a part that is not allowed "
          + "(hint: give an absolute path without ..)"
      ),
    ]
    for (change, message) in cases {
      #expect(try refusal { change(&$0.store.spill) }?.description == message)
    }
  }

  @Test func `volumes that don't fit together`() throws {
    #expect(
      try refusal { $0.volumes = [["name": "shm", "emptyDir": [:]]] }?.description
        == "invalid volume name 'shm': there is another volume of this name (hint: choose another name)")
    #expect(
      try refusal { $0.volumeMounts = [["name": "data", "mountPath": "/data"]] }?.description
        == "invalid volume mount 'data': there is no volume of this name (hint: declare it among the volumes)")
    #expect(
      try refusal { $0.volume.mountPath = "/run" }?.description
        == "a mount path of the socket without a claim (hint: name the claim too)")
    #expect(
      try refusal { $0.store.socket = "/run/{{.Node}}" }?.description
        == "invalid socket directory '/run/{{.Node}}': unknown template "
        + "(hint: only {{.Namespace}} and {{.Name}} stand for something)")
    #expect(
      try refusal { $0.store.socket = "run" }?.description
        == "invalid socket directory 'run': it is not absolute (hint: give an absolute path without ..)")
  }

  @Test(arguments: ["MODE", "=fast", "MODE=", ""])
  func `an environment variable without name or value`(_ text: String) {
    let error = #expect(throws: ProgramError.self) { try VineyarddSpec.EnvironmentVariable(flag: text) }
    #expect(error?.description == "invalid environment variable '\(text)' (hint: write NAME=VALUE)")
  }

  @Test func `environment variables that Kubernetes refuses`() throws {
    #expect(
      try refusal { $0.store.env = [.init(name: "1A", value: "x")] }?.description
        == "invalid name of an environment variable '1A' "
        + "(hint: use letters, digits and _, and no digit at the beginning)")
    #expect(
      try refusal { $0.store.env = [.init(name: "A", value: "x"), .init(name: "A", value: "y")] }?.description
        == "the environment variable A is given twice (hint: give it once)")
  }

  @Test(arguments: ["", "a", "a/b/c", "/b", "a/"])
  func `a cluster that is not namespace and name`(_ text: String) {
    let error = #expect(throws: ProgramError.self) { try CSIDriverSpec.Cluster(flag: text) }
    #expect(
      error?.description
        == "invalid vineyard cluster '\(text)' (hint: write NAMESPACE/NAME, such as vineyard-system/vineyardd-sample)"
    )
  }

  @Test func `a driver that cannot work`() {
    let quotaHint = "(hint: give request (what a claim asks for), none, or a size such as 4Gi)"
    let cases: [((inout CSIDriverSpec) -> Void, String)] = [
      (
        { $0.clusters = [] },
        "no vineyard cluster is given (hint: name one as NAMESPACE/NAME, such as vineyard-system/vineyardd-sample)"
      ),
      (
        { $0.clusters.append($0.clusters[0]) },
        "the vineyard cluster vineyard-system/vineyardd-sample is given twice (hint: give it once)"
      ),
      (
        { $0.volumeBindingMode = "Later" },
        "invalid volume binding mode 'Later' (hint: give WaitForFirstConsumer or Immediate)"
      ),
      ({ $0.scope = "node" }, "invalid scope 'node' (hint: give volume or cluster)"),
      ({ $0.clusters[0].onDelete = "keep" }, "invalid deletion policy 'keep' (hint: give delete or retain)"),
      ({ $0.overwrite = "retain" }, "invalid overwrite policy 'retain' (hint: give delete or keep)"),
      (
        { $0.clusters[0].deletedMemory = "free" },
        "invalid policy for deleted memory 'free' (hint: give keep or reuse)"
      ),
      ({ $0.locality = "zone" }, "invalid locality 'zone' (hint: give cluster or node)"),
      ({ $0.quota = "plenty" }, "invalid quota 'plenty' \(quotaHint)"),
      ({ $0.quota = "0" }, "invalid quota '0' \(quotaHint)"),
      ({ $0.quota = "-1Gi" }, "invalid quota '-1Gi' \(quotaHint)"),
      ({ $0.quota = "+1Gi" }, "invalid quota '+1Gi' \(quotaHint)"),
      ({ $0.quota = "500m" }, "invalid quota '500m' \(quotaHint)"),
      ({ $0.quota = "9e99" }, "invalid quota '9e99' \(quotaHint)"),
      ({ $0.clusters[0].quota = "None" }, "invalid quota 'None' \(quotaHint)"),
      ({ $0.replicas = 0 }, "invalid number of controller replicas 0 (hint: give 1 to 9)"),
      (
        { $0.sidecar.imagePullPolicy = "Sometimes" },
        "invalid sidecar image pull policy 'Sometimes' (hint: give Always, IfNotPresent or Never)"
      ),
      (
        { $0.kubeletDirectory = "kubelet" },
        "invalid kubelet directory 'kubelet': it is not absolute (hint: give an absolute path without ..)"
      ),
      (
        { $0.storageClassName = "vineyard-system.vineyardd-sample.csi" },
        "invalid storage class name 'vineyard-system.vineyardd-sample.csi': it is made for its cluster anyway "
          + "(hint: leave it out)"
      ),
    ]
    for (change, message) in cases {
      #expect(driverRefusal(change)?.description == message)
    }
  }

  @Test(
    arguments: [
      ("{spec: {replicas: many}}", "spec.replicas must be an integer"),
      ("{spec: {vineyard: {syncCRDs: 'yes'}}}", "spec.vineyard.syncCRDs must be true or false"),
      ("{spec: {vineyard: [1]}}", "spec.vineyard must be an object"),
      (
        "{spec: {metric: {enabled: true}}}",
        "unknown field spec.metric.enabled (hint: the fields are enable, image, imagePullPolicy)"
      ),
    ] as [(String, String)])
  func `a resource with a wrong field`(_ yaml: String, _ message: String) throws {
    var object = try KubernetesObject(yaml: yaml)
    object.tree["apiVersion"] = "k8s.v6d.io/v1alpha1"
    object.tree["kind"] = "Vineyardd"
    let error = #expect(throws: ProgramError.self) { try VineyarddSpec(customResource: object) }
    #expect(error?.description == message)
  }

  @Test func `a resource of another kind`() throws {
    let object = KubernetesObject(["apiVersion": "v1", "kind": "Pod"])
    let error = #expect(throws: ProgramError.self) { try VineyarddSpec(customResource: object) }
    #expect(
      error?.description
        == "not a Vineyardd resource: Pod (v1) "
        + "(hint: it begins with apiVersion: k8s.v6d.io/v1alpha1, kind: Vineyardd)")
  }

  @Test func `specs of a spill volume that are none`() {
    var spill = VineyarddSpec.Spill()
    for text in ["", "[1]", "text"] {
      let error = #expect(throws: ProgramError.self) { try spill.readVolumes(text) }
      #expect(
        error?.description
          == "the spill volume's specs are no object "
          + "(hint: write an object with the keys pv-spec and pvc-spec in JSON or YAML)")
    }
    let error = #expect(throws: ProgramError.self) { try spill.readVolumes("{pv: {}}") }
    #expect(error?.description == "unknown field spill volume.pv (hint: the fields are pv-spec, pvc-spec)")
  }

  @Test func `an operator that cannot be`() {
    let error = #expect(throws: ProgramError.self) { try Manifests.operatorObjects(OperatorOptions(namespace: "A")) }
    #expect(
      error?.description
        == "invalid namespace 'A': only a-z, 0-9 and - are allowed "
        + "(hint: use letters a-z, digits and -, such as vineyardd-sample)")
  }
}
