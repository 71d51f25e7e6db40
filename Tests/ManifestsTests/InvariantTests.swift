import KubernetesObjects
import Manifests
import Support
import Testing

/// What holds for everything that is rendered.
@Suite struct InvariantTests {
  /// Everything of an installation in one namespace, by default and with every option.
  private func everything(namespace: String) throws -> [KubernetesObject] {
    var cluster = VineyarddSpec()
    var fullCluster = try Samples.fullCluster()
    cluster.namespace = namespace
    fullCluster.namespace = namespace
    var driver = try Samples.fullDriver()
    driver.clusters = [CSIDriverSpec.Cluster(namespace: namespace, name: "numbers")]
    var fullOperator = Samples.fullOperator
    fullOperator.namespace = namespace
    return try [Manifests.namespace(namespace, isOurs: true)]
      + Manifests.operatorObjects(OperatorOptions(namespace: namespace)) + Manifests.operatorObjects(fullOperator)
      + [cluster.customResource(), fullCluster.customResource(), driver.customResource()]
      + Manifests.vineyardd(cluster, uid: nil, controlledByOperator: false)
      + Manifests.vineyardd(fullCluster, uid: Samples.uid, controlledByOperator: true)
      + Manifests.csiDriver(driver, namespace: namespace, uid: Samples.uid)
  }

  @Test func `another namespace leaves no trace of the usual one`() throws {
    for object in try everything(namespace: "research") {
      #expect(!texts(object.tree).contains { $0.contains("vineyard-system") }, "\(object.reference)")
    }
  }

  @Test func `another name leaves no trace of the sample's`() throws {
    let objects =
      try Manifests.vineyardd(try Samples.fullCluster(), uid: nil, controlledByOperator: false)
      + Manifests.csiDriver(try Samples.fullDriver(), namespace: "research")
    for object in objects {
      let found = texts(object.tree).filter {
        $0.contains("vineyardd-sample") || $0.contains("csidriver-sample") || $0.contains("vineyardd-spill")
      }
      #expect(found.isEmpty, "\(object.reference)")
    }
  }

  @Test func `nothing is null, the server's, or a key`() throws {
    for object in try everything(namespace: "vineyard-system") {
      #expect(!object.tree.hasNull, "\(object.reference)")
      #expect(object.tree["status"] == nil)
      #expect(object.tree["metadata", "creationTimestamp"] == nil)
      #expect(!texts(object.tree).contains { $0.contains("PRIVATE KEY") })
      #expect(object.tree["webhooks"]?[0]?["clientConfig", "caBundle"] == nil)
    }
  }

  @Test func `selectors find the pods of their template`() throws {
    let objects = try everything(namespace: "research")
    let templates = objects.compactMap { object -> [String: String]? in
      object.tree["spec", "template", "metadata", "labels"]?.stringFields
    }
    for object in objects {
      let selector =
        object.tree["spec", "selector", "matchLabels"]?.stringFields
        ?? (object.kind == "Service" ? object.tree["spec", "selector"]?.stringFields : nil)
      guard let selector, object.kind != "PersistentVolumeClaim" else { continue }
      #expect(!selector.isEmpty)
      let matches = { (labels: [String: String]) in selector.allSatisfy { labels[$0.key] == $0.value } }
      if let labels = object.tree["spec", "template", "metadata", "labels"]?.stringFields {
        #expect(matches(labels), "\(object.reference)")
      } else {
        #expect(templates.contains(where: matches), "\(object.reference)")
      }
    }
  }

  @Test func `neither selectors nor templates change with the version`() throws {
    for object in try everything(namespace: "vineyard-system") {
      guard object.kind != "CustomResourceDefinition", object.apiVersion != Manifests.apiVersion else { continue }
      #expect(object.labels["app.kubernetes.io/version"] == Version.product, "\(object.reference)")
      let parts = [object.tree["spec", "selector"], object.tree["spec", "template", "metadata"]].compactMap { $0 }
      let found = parts.map { texts($0) }.joined().filter { $0.contains(Version.product) }
      #expect(found.isEmpty, "\(object.reference)")
    }
  }

  @Test func `everything says who made it`() throws {
    for object in try everything(namespace: "vineyard-system") {
      #expect(object.labels["app.kubernetes.io/managed-by"] == "vineyardctl", "\(object.reference)")
      #expect(object.labels["app.kubernetes.io/part-of"] == "vineyard", "\(object.reference)")
    }
  }

  @Test func `the longest names fit everywhere`() throws {
    var cluster = try Samples.fullCluster()
    cluster.name = String(repeating: "n", count: 47)
    cluster.namespace = String(repeating: "s", count: 15)
    cluster.store.spill.name = String(repeating: "p", count: 63)
    var driver = try Samples.fullDriver()
    driver.name = String(repeating: "d", count: 52)
    driver.clusters = [CSIDriverSpec.Cluster(namespace: cluster.namespace, name: cluster.name)]
    let objects =
      try Manifests.vineyardd(cluster, uid: nil, controlledByOperator: false)
      + Manifests.csiDriver(driver, namespace: String(repeating: "o", count: 63))
    for object in objects {
      let limit = object.kind.hasSuffix("Class") || object.kind.hasSuffix("Role") || object.kind.hasSuffix("Binding")
      #expect(object.name.utf8.count <= (limit ? 253 : 63), "\(object.reference)")
      // A revision of a StatefulSet is a label of its pods: the name, a dash and ten characters.
      if object.kind == "StatefulSet" { #expect(object.name.utf8.count <= 52) }
      let template = object.tree["spec", "template", "metadata", "labels"]?.stringFields ?? [:]
      for (key, value) in object.labels.merging(template, uniquingKeysWith: { first, _ in first }) {
        #expect(value.utf8.count <= 63, "\(object.reference) \(key)")
      }
    }
  }

  @Test func `every container is confined, but the one that mounts`() throws {
    for object in try everything(namespace: "vineyard-system") {
      for container in object.tree["spec", "template", "spec", "containers"]?.array ?? [] {
        let context = try #require(container["securityContext"])
        #expect(context["readOnlyRootFilesystem"] == true, "\(object.reference)")
        #expect(container["resources", "requests", "memory"] != nil, "\(object.reference)")
        let mounts = object.kind == "DaemonSet" && container["name"] == "vineyard-csi-driver"
        #expect((context["privileged"]?.bool ?? false) == mounts)
        if !mounts { #expect(context["capabilities", "drop"] == ["ALL"], "\(object.reference)") }
      }
    }
  }

  private func texts(_ value: Value) -> [String] {
    switch value {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap { texts($0) }
    case .object(let fields): fields.flatMap { [$0.key] + texts($0.value) }
    default: []
    }
  }
}

extension Value {
  fileprivate var hasNull: Bool {
    switch self {
    case .null: true
    case .array(let elements): elements.contains { $0.hasNull }
    case .object(let fields): fields.values.contains { $0.hasNull }
    default: false
    }
  }
}
