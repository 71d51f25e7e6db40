import KubernetesObjects
import Manifests
import Testing

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
    }
  }

  @Test func `given a resource without settings, then its kind reads, completes and renders it`() throws {
    for kind in ResourceKind.all {
      var resource = KubernetesObject([
        "apiVersion": .string(kind.type.apiVersion), "kind": .string(kind.type.kind), "metadata": ["name": "sample"],
      ])
      if kind.isNamespaced { resource.namespace = "team" }
      if kind.type == .csiDriver { resource.tree["spec", "clusters"] = [["namespace": "team", "name": "numbers"]] }
      let completed = try kind.spec.init(customResource: resource).customResource()
      #expect(completed.reference == resource.reference)
      let types = Set(try kind.render(completed, namespace: "team", uid: "u").map(\.reference.type))
      // A secret is no type to watch: nobody but its owner may see what is in it.
      #expect(types.subtracting(kind.ownedTypes) == (kind.type == .vineyardd ? [.secret] : []), "\(kind.type)")
    }
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

  @Test func `anything else has the readiness of its type`() throws {
    #expect(ResourceKind.readiness(of: try KubernetesObject(yaml: "{apiVersion: v1, kind: Pod}")) == .ready("exists"))
  }
}
