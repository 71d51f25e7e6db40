import KubernetesObjects
import Support
import Testing

@testable import Manifests

/// Options land in the workloads.
@Suite struct RenderingTests {
  private func deployment(_ spec: VineyarddSpec) throws -> KubernetesObject {
    try #require(
      try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false).first { $0.kind == "Deployment" })
  }

  private func store(_ spec: VineyarddSpec) throws -> Value {
    try #require(try deployment(spec).tree["spec", "template", "spec", "containers"]?[0])
  }

  @Test(
    arguments: [
      ("1Mi", "139Mi"), ("1Gi", "1201Mi"), ("4Gi", "4682Mi"), ("4G", "4682Mi"), ("512m", "653Mi"),
      ("1Ti", "1126952Mi"),
    ] as [(String, String)])
  func `memory follows from the size, with room for what the store holds back`(
    _ size: String, _ memory: String
  ) throws {
    var spec = VineyarddSpec()
    spec.store.size = size
    let resources = try #require(try store(spec)["resources"])
    #expect(resources["limits", "memory"] == .string(memory))
    #expect(resources["requests", "memory"] == .string(memory))
  }

  @Test(arguments: [1, 1 << 20, 60 << 20, 960 << 20, 1 << 30, 7 << 32, 1 << 40] as [UInt64])
  func `the store finds the memory it was promised`(_ size: UInt64) {
    #expect(MemoryBudget(given: StoreResources.memory(size: size), requested: size).size >= size)
  }

  @Test func `without a size the store gets what its pod requests, and no more`() throws {
    var spec = VineyarddSpec()
    for (assumed, memory) in [(nil, "1Gi"), ("3Gi", "3Gi")] as [(String?, Value)] {
      spec.store.assumedMemory = assumed
      let resources = try #require(try store(spec)["resources"])
      #expect(resources == ["requests": ["cpu": "100m", "memory": memory], "limits": ["memory": memory]])
      #expect(try deployment(spec).annotations[Manifests.assumedMemoryAnnotation] == memory.string)
    }
    spec.store.memory = "2Gi"
    #expect(try deployment(spec).annotations[Manifests.assumedMemoryAnnotation] == nil)
  }

  @Test func `no flag is empty or separated by a blank`() throws {
    for spec in [VineyarddSpec(), try Samples.fullCluster()] {
      for argument in try #require(try store(spec)["args"]?.array) {
        let parts = try #require(argument.string).split(separator: "=", omittingEmptySubsequences: false)
        #expect(parts.count == 2 && parts[0].hasPrefix("--") && !parts[1].isEmpty)
      }
    }
  }

  @Test func `a powerful context may escalate, since the API server refuses the contradiction`() throws {
    var spec = VineyarddSpec()
    #expect(try store(spec)["securityContext", "allowPrivilegeEscalation"] == false)
    spec.securityContext = ["privileged": true]
    #expect(try store(spec)["securityContext", "allowPrivilegeEscalation"] == nil)
    #expect(try store(spec)["securityContext", "readOnlyRootFilesystem"] == true)
  }

  @Test func `a user's variable replaces one of ours`() throws {
    var spec = VineyarddSpec()
    spec.store.env = [.init(name: "MY_HOST_NAME", value: "here")]
    let found = try #require(try store(spec)["env"]?.array).filter { $0["name"] == "MY_HOST_NAME" }
    #expect(found == [["name": "MY_HOST_NAME", "value": "here"]])
  }

  @Test func `the store knows the uid of its resource`() throws {
    let objects = try Manifests.vineyardd(VineyarddSpec(), uid: Samples.uid, controlledByOperator: false)
    let deployment = try #require(objects.first { $0.kind == "Deployment" })
    let variables = deployment.tree["spec", "template", "spec", "containers"]?[0]?["env"]?.array ?? []
    #expect(variables.contains(["name": "VINEYARDD_UID", "value": .string(Samples.uid)]))
    #expect(objects.allSatisfy { $0.tree["metadata", "ownerReferences"] == nil })
  }

  @Test func `an object of the cluster does not belong to one of a namespace`() throws {
    let objects = try Manifests.vineyardd(try Samples.fullCluster(), uid: Samples.uid, controlledByOperator: true)
    #expect(objects.contains { $0.kind == "PersistentVolume" })
    for object in objects {
      #expect((object.tree["metadata", "ownerReferences"] != nil) == (object.namespace != nil), "\(object.reference)")
    }
  }

  @Test(
    arguments: [
      ("localhost/vineyardctl:0.1.0", "mirror.io/vineyardctl:0.1.0"),
      ("registry.k8s.io/sig-storage/csi-resizer:v1", "mirror.io/sig-storage/csi-resizer:v1"),
      ("host:5000/a", "mirror.io/a"), ("team/a:1", "mirror.io/team/a:1"), ("nginx", "mirror.io/nginx"),
      ("nginx:1.2", "mirror.io/nginx:1.2"), ("a.io/b@sha256:0123", "mirror.io/b@sha256:0123"),
    ] as [(String, String)])
  func `a registry takes the place of the image's`(_ image: String, _ reference: String) {
    #expect(ImageOptions(image: image, registry: "mirror.io").reference == reference)
    #expect(ImageOptions(image: image, registry: "mirror.io/").reference == reference)
    #expect(ImageOptions(image: image).reference == image)
  }

  @Test func `no image escapes the registry`() throws {
    let objects =
      try Manifests.vineyardd(try Samples.fullCluster(), uid: nil, controlledByOperator: false)
      + Manifests.csiDriver(try Samples.fullDriver(), namespace: "research")
      + Manifests.operatorObjects(Samples.fullOperator)
    for object in objects {
      for container in object.tree["spec", "template", "spec", "containers"]?.array ?? [] {
        #expect(container["image"]?.string?.hasPrefix("mirror.example.com") == true, "\(object.reference)")
      }
    }
  }

  @Test func `the socket's template takes blanks and leaves single braces`() throws {
    var spec = VineyarddSpec()
    spec.store.socket = "/run/{{ .Namespace }}/{x}/{{.Name}}"
    #expect(try spec.socketDirectory() == "/run/vineyard-system/{x}/vineyardd-sample")
  }
}
