import KubernetesObjects
import Manifests
import Testing

/// What is rendered for OpenShift, and nowhere else.
@Suite struct PlatformTests {
  private static let openShift = Platform(isOpenShift: true)

  private func everything(_ platform: Platform) throws -> [KubernetesObject] {
    var options = OperatorOptions()
    options.platform = platform
    return try Manifests.operatorObjects(options)
      + Manifests.vineyardd(VineyarddSpec(), uid: Samples.uid, controlledByOperator: true, platform: platform)
      + Manifests.csiDriver(Samples.driver(), namespace: "vineyard-system", platform: platform, uid: Samples.uid)
  }

  @Test func `every account with pods is bound to a constraint`() throws {
    let objects = try everything(Self.openShift)
    let accounts = Set(objects.compactMap { $0.tree["spec", "template", "spec", "serviceAccountName"]?.string })
    let bindings = objects.filter { $0.kind == "RoleBinding" && $0.name.hasSuffix("-scc") }
    #expect(Set(bindings.compactMap { $0.tree["subjects"]?[0]?["name"]?.string }) == accounts)
    let privileged = bindings.filter { $0.tree["roleRef", "name"] == "system:openshift:scc:privileged" }.map(\.name)
    #expect(privileged.sorted() == ["csidriver-sample-node-scc", "vineyardd-sample-scc"])
    for binding in bindings where binding.name != "vineyard-manager-scc" {
      #expect(binding.tree["metadata", "ownerReferences"]?[0]?["uid"]?.string == Samples.uid, "\(binding.name)")
    }
  }

  @Test func `the operator may bind these constraints and nothing else`() throws {
    let roles = try everything(Self.openShift).filter { $0.kind.hasSuffix("Role") }
    let rules = roles.flatMap { $0.tree["rules"]?.array ?? [] }.filter { $0["verbs"]?.array?.contains("bind") == true }
    #expect(rules.count == 1)
    #expect(
      rules.first?["resourceNames"] == ["system:openshift:scc:nonroot-v2", "system:openshift:scc:privileged"])
  }

  @Test func `pods that use their node get the SELinux type for it, unless another was chosen`() throws {
    let stores = try #require(
      try everything(Self.openShift).first { $0.reference.name == "vineyardd-sample" && $0.kind == "Deployment" })
    #expect(stores.tree["spec", "template", "spec", "securityContext", "seLinuxOptions"] == ["type": "spc_t"])
    var spec = VineyarddSpec()
    spec.placement.seLinuxOptions = ["type": "vineyard_t"]
    let chosen = try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false, platform: Self.openShift)
      .first { $0.kind == "Deployment" }
    #expect(
      chosen?.tree["spec", "template", "spec", "securityContext", "seLinuxOptions"] == ["type": "vineyard_t"])
  }

  @Test func `elsewhere there is nothing of it`() throws {
    for object in try everything(.plain) {
      #expect(!object.name.contains("scc"))
      #expect(object.tree["spec", "template", "spec", "securityContext", "seLinuxOptions"] == nil)
    }
  }
}
