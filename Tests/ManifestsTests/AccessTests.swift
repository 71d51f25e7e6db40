import KubernetesObjects
import Testing

@testable import Manifests

/// Who may do what.
@Suite struct AccessTests {
  /// One verb on one resource of one API group.
  private struct Permission: Hashable {
    let group: String
    let resource: String
    let verb: String
  }

  /// - Parameter named: whether rights to objects of some name count, which are less than those to all.
  private func permissions(_ role: KubernetesObject, named: Bool = false) -> Set<Permission> {
    var result: Set<Permission> = []
    for rule in role.tree["rules"]?.array ?? [] where named || rule["resourceNames"] == nil {
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
    for role in try Manifests.csiDriver(try Samples.fullDriver(), namespace: "vineyard-system") {
      let isElsewhere = role.namespace != "vineyard-system"
      let held = role.kind == "ClusterRole" || isElsewhere ? everywhere : ownNamespace
      if role.kind.hasSuffix("Role") {
        #expect(permissions(role, named: true).subtracting(held).isEmpty, "\(role.reference)")
      }
    }
  }

  @Test func `the operator may keep every kind and what it is made of`() throws {
    let held = try Manifests.operatorObjects(OperatorOptions()).filter { $0.kind == "ClusterRole" }
      .reduce(into: Set<Permission>()) { $0.formUnion(permissions($1)) }
    for kind in ResourceKind.all {
      var wanted = Set(
        ["get", "list", "watch"].map { Permission(group: kind.type.group, resource: kind.plural, verb: $0) })
      wanted.insert(Permission(group: kind.type.group, resource: "\(kind.plural)/status", verb: "patch"))
      for type in kind.ownedTypes + kind.optionalTypes {
        for verb in ["list", "watch", "create", "patch", "delete"] {
          wanted.insert(Permission(group: type.group, resource: type.usualPlural, verb: verb))
        }
      }
      #expect(wanted.subtracting(held).isEmpty, "\(kind.type)")
    }
  }

  @Test func `given a type without rights, then keeping it is allowed by a rule for its group`() throws {
    var role = try KubernetesObject(
      yaml: "{rules: [{apiGroups: [batch], resources: [jobs], verbs: [create, get, list, watch]}]}")
    role.allowKeeping([.job, .deployment, .cronJob, .job])
    let verbs: Value = ["create", "delete", "get", "list", "patch", "update", "watch"]
    #expect(
      role.tree["rules"]?.array?.dropFirst().map { $0 } == [
        ["apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": verbs],
        ["apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs],
      ])
    let once = role
    role.allowKeeping([.job, .deployment])
    #expect(role == once)
  }

  @Test func `people may see every kind, and change those that are in namespaces`() throws {
    let objects = try Manifests.operatorObjects(OperatorOptions())
    let role = { (name: String) in permissions(try #require(objects.first { $0.name == name })) }
    for kind in ResourceKind.all {
      let may = { Permission(group: ResourceKind.group, resource: kind.plural, verb: $0) }
      #expect(try role("vineyard-view").isSuperset(of: ["get", "list", "watch"].map(may)), "\(kind.type)")
      for name in ["vineyard-edit", "vineyard-admin"] {
        #expect(try role(name).contains(may("create")) == kind.isNamespaced, "\(name) \(kind.type)")
      }
    }
  }

  @Test func `every kind is admitted`() throws {
    let webhooks = try Manifests.operatorObjects(OperatorOptions()).flatMap { $0.tree["webhooks"]?.array ?? [] }
    let paths = Set(webhooks.compactMap { $0["clientConfig", "service", "path"]?.string })
    for kind in ResourceKind.all {
      #expect(paths.isSuperset(of: ["/validate-\(kind.webhookPath)", "/mutate-\(kind.webhookPath)"]), "\(kind.type)")
      #expect(paths.contains("/validate-deletion-\(kind.webhookPath)") == kind.isDeletionGuarded, "\(kind.type)")
    }
  }

  @Test func `the driver reads the tokens of its clusters and no other secret`() throws {
    var driver = try Samples.fullDriver()
    driver.clusters.append(try CSIDriverSpec.Cluster(flag: "research/words"))
    let objects = try Manifests.csiDriver(driver, namespace: "storage")
    var tokens: [String: Value] = [:]
    for role in objects where role.kind.hasSuffix("Role") {
      for rule in role.tree["rules"]?.array ?? [] where rule["resources"]?.array?.contains("secrets") == true {
        #expect(role.kind == "Role" && rule["verbs"] == ["get"] && rule["apiGroups"] == [""])
        #expect(rule["resources"] == ["secrets"])
        tokens[try #require(role.namespace)] = rule["resourceNames"]
      }
    }
    #expect(
      tokens == [
        "research": ["numbers-admin-token", "words-admin-token"], "sales": ["letters-admin-token"],
      ])
    for binding in objects where binding.name == "vineyard-csi-sample-csi-admin-tokens" {
      guard binding.kind == "RoleBinding" else { continue }
      #expect(
        binding.tree["subjects"] == [
          ["kind": "ServiceAccount", "name": "vineyard-csi-sample-controller", "namespace": "storage"]
        ])
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
