import KubernetesObjects
import Testing

@testable import Manifests

/// Kinds of custom resources.
@Suite struct KindTests {
  @Test func `given a type of any version, then its kind is found, and none for other types`() {
    #expect(ResourceKind.of(.vineyardd)?.type == .vineyardd)
    #expect(ResourceKind.of(ObjectType(apiVersion: "k8s.v6d.io/v9", kind: "CSIDriver"))?.type == .csiDriver)
    #expect(ResourceKind.of(.registeredDriver) == nil)
  }

  @Test func `given the definitions, then there is one for each kind, of its type and scope`() throws {
    let definitions = try Manifests.customResourceDefinitions()
    #expect(Set(definitions.map(\.definedType)) == Set(ResourceKind.all.map(\.type)))
    for definition in definitions {
      let kind = try #require(definition.definedType.flatMap { ResourceKind.of($0) })
      #expect(definition.definesNamespacedType == kind.isNamespaced)
      #expect(definition.tree["spec", "names", "plural"]?.string == kind.plural)
      #expect(definition.name == "\(kind.plural).\(ResourceKind.group)")
    }
  }

  @Test func `given a resource without settings, then its kind reads, completes and renders it`() throws {
    for kind in ResourceKind.all {
      let resource = Samples.resource(of: kind)
      let completed = try kind.spec.init(customResource: resource).customResource()
      #expect(completed.reference == resource.reference)
      let types = Set(try kind.render(completed, namespace: "team", uid: "u").map(\.reference.type))
      // A secret is no type to watch: nobody but its owner may see what is in it.
      #expect(types.subtracting(kind.ownedTypes) == (kind.type == .vineyardd ? [.secret] : []), "\(kind.type)")
    }
  }

  @Test(arguments: ResourceKind.all)
  func `given a uid, then the operator finds the objects of a resource by their labels and their owner`(
    _ kind: ResourceKind
  ) throws {
    let resource = Samples.resource(of: kind)
    for object in try kind.render(resource, namespace: "team", uid: "u") {
      #expect(object.labels["app.kubernetes.io/managed-by"] == "vineyardctl", "\(object.reference)")
      #expect(object.labels["app.kubernetes.io/part-of"] == "vineyard", "\(object.reference)")
      #expect(object.controller?.uid == "u" || kind.isNamespaced && object.namespace == nil, "\(object.reference)")
    }
    #expect(try kind.render(resource, namespace: "team", uid: nil).allSatisfy { $0.owners.isEmpty })
  }

  @Test(arguments: [
    ("", Readiness.pending("waiting for the operator")),
    ("status: {current: 1}", .pending("1/2 ready")),
    ("status: {current: 1, updated: 1}", .pending("1/2 ready, 1 updated")),
    ("status: {current: 2}", .ready("2/2 ready")),
    ("status: {current: 2, observedGeneration: 4}", .pending("waiting for the operator")),
    ("status: {current: 2, observedGeneration: 5}", .ready("2/2 ready")),
    (
      "status: {current: 2, observedGeneration: 5, conditions: [{type: Ready, status: 'False', message: old ones left}]}",
      .pending("old ones left")
    ),
  ])
  func `a cluster, also one of the original operator`(_ status: String, _ readiness: Readiness) throws {
    let cluster = try KubernetesObject(
      yaml:
        """
        apiVersion: k8s.v6d.io/v1alpha1
        kind: Vineyardd
        metadata: {name: c, generation: 5}
        spec: {replicas: 2}
        \(status)
        """)
    #expect(ResourceKind.readiness(of: cluster) == readiness)
  }

  @Test(arguments: [
    ("{}", Readiness.pending("waiting for the operator")),
    ("{state: pending}", .pending("pending")),
    ("{state: pending, conditions: [{type: Ready, status: 'False', message: no nodes}]}", .pending("no nodes")),
    ("{state: running}", .ready("running")),
  ])
  func `a driver`(_ status: String, _ readiness: Readiness) throws {
    let driver = try KubernetesObject(
      yaml:
        "{apiVersion: k8s.v6d.io/v1alpha1, kind: CSIDriver, metadata: {name: d}, status: \(status)}")
    #expect(ResourceKind.readiness(of: driver) == readiness)
  }

  @Test(arguments: [
    ("{}", Readiness.pending("waiting for the operator")),
    ("{conditions: [{type: Ready, status: 'True'}]}", .ready("ready")),
    ("{conditions: [{type: Ready, status: 'False', reason: JobFailed}]}", .pending("JobFailed")),
    ("{conditions: [{type: Ready, status: 'False', message: no space}]}", .pending("no space")),
    ("{observedGeneration: 4, conditions: [{type: Ready, status: 'True'}]}", .pending("waiting for the operator")),
  ])
  func `a kind without rules of its own is ready by its condition`(_ status: String, _ readiness: Readiness) throws {
    let resource = try KubernetesObject(yaml: "{kind: Other, metadata: {generation: 5}, status: \(status)}")
    #expect(ResourceKind.conditionReadiness(resource) == readiness)
  }

  @Test func `given a driver, then it concerns the namespaces of its clusters`() {
    let driver = Samples.resource(of: .csiDriver)
    #expect(ResourceKind.concerns(driver, "team") && !ResourceKind.concerns(driver, "others"))
    #expect(ResourceKind.concerns(Samples.resource(of: .vineyardd), "team"))
  }

  @Test func `given a cluster, then its stores are the workload that must be there`() throws {
    let workload = try #require(ResourceKind.workload(of: Samples.resource(of: .vineyardd)))
    #expect(workload.object == ObjectReference(type: .deployment, namespace: "team", name: "sample"))
    #expect(ResourceKind.workload(of: Samples.resource(of: .csiDriver)) == nil)
  }

  @Test func `anything else has the readiness of its type`() throws {
    #expect(ResourceKind.readiness(of: try KubernetesObject(yaml: "{apiVersion: v1, kind: Pod}")) == .ready("exists"))
  }
}
