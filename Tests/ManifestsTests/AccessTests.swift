import Documents
import Manifests
import Testing

/// Who may do what.
@Suite struct AccessTests {
  /// One verb on one resource of one API group.
  private struct Permission: Hashable {
    let group: String
    let resource: String
    let verb: String
  }

  private func permissions(_ role: KubernetesObject) -> Set<Permission> {
    var result: Set<Permission> = []
    for rule in role.tree["rules"]?.array ?? [] where rule["resourceNames"] == nil {
      for group in rule["apiGroups"]?.array ?? [] {
        for resource in rule["resources"]?.array ?? [] {
          for verb in rule["verbs"]?.array ?? [] {
            result.insert(
              Permission(group: group.string ?? "", resource: resource.string ?? "", verb: verb.string ?? ""))
          }
        }
      }
    }
    return result
  }

  /// The API server lets nobody grant what it doesn't hold.
  @Test func `the operator holds what it grants to the driver`() throws {
    let operatorObjects = try Manifests.operatorObjects(OperatorOptions())
    let everywhere = operatorObjects.filter { $0.kind == "ClusterRole" }.reduce(into: Set<Permission>()) {
      $0.formUnion(permissions($1))
    }
    let ownNamespace = operatorObjects.filter { $0.kind == "Role" }.reduce(into: everywhere) {
      $0.formUnion(permissions($1))
    }
    for role in try Manifests.csiDriver(Samples.driver(), namespace: "vineyard-system") {
      if role.kind == "ClusterRole" { #expect(permissions(role).subtracting(everywhere).isEmpty) }
      if role.kind == "Role" { #expect(permissions(role).subtracting(ownNamespace).isEmpty) }
    }
  }

  @Test func `nobody may do everything`() throws {
    let objects =
      try Manifests.operatorObjects(OperatorOptions())
      + Manifests.csiDriver(Samples.driver(), namespace: "vineyard-system")
    for role in objects where role.kind.hasSuffix("Role") {
      for permission in permissions(role) {
        #expect(permission.group != "*" && permission.resource != "*" && permission.verb != "*", "\(role.name)")
      }
      #expect(!permissions(role).contains { $0.verb == "escalate" || $0.verb == "bind" || $0.verb == "impersonate" })
    }
  }

  @Test func `only who asks the API server has a token`() throws {
    let objects =
      try Manifests.vineyardd(VineyarddSpec(), uid: nil, controlledByOperator: false)
      + Manifests.csiDriver(Samples.driver(), namespace: "vineyard-system")
      + Manifests.operatorObjects(OperatorOptions())
    for object in objects {
      if object.kind == "ServiceAccount" { #expect(object.tree["automountServiceAccountToken"] == false) }
      guard let pod = object.tree["spec", "template", "spec"] else { continue }
      let account = try #require(pod["serviceAccountName"]?.string)
      #expect(objects.contains { $0.kind == "ServiceAccount" && $0.name == account }, "\(object.reference)")
      let isController = object.name == "csidriver-sample-csi-driver"
      #expect(pod["automountServiceAccountToken"] == .boolean(isController), "\(object.reference)")
    }
  }

  @Test func `bindings name roles and accounts that exist`() throws {
    let objects =
      try Manifests.operatorObjects(Samples.fullOperator)
      + Manifests.csiDriver(try Samples.fullDriver(), namespace: "research")
    for binding in objects where binding.kind.hasSuffix("Binding") {
      let kind = try #require(binding.tree["roleRef", "kind"]?.string)
      let name = try #require(binding.tree["roleRef", "name"]?.string)
      #expect(objects.contains { $0.kind == kind && $0.name == name }, "\(binding.reference)")
      for subject in binding.tree["subjects"]?.array ?? [] {
        let isThere = objects.contains {
          $0.kind == "ServiceAccount" && $0.name == subject["name"]?.string
            && $0.namespace == subject["namespace"]?.string
        }
        #expect(isThere, "\(binding.reference)")
      }
    }
  }
}
