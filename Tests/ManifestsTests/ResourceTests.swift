import KubernetesObjects
import Manifests
import Testing

/// Options become custom resources and come back.
@Suite struct ResourceTests {
  @Test func `a cluster survives the way through its resource`() throws {
    for spec in [VineyarddSpec(), try Samples.fullCluster()] {
      try spec.validate()
      #expect(try VineyarddSpec(customResource: spec.customResource()) == spec)
    }
  }

  @Test func `a driver survives the way through its resource`() throws {
    for spec in [Samples.driver(), try Samples.fullDriver()] {
      try spec.validate()
      #expect(try CSIDriverSpec(customResource: spec.customResource()) == spec)
    }
  }

  @Test func `what a resource leaves out has its default`() throws {
    var object = KubernetesObject(["apiVersion": "k8s.v6d.io/v1alpha1", "kind": "Vineyardd"])
    object.name = "vineyardd-sample"
    #expect(try VineyarddSpec(customResource: object) == VineyarddSpec())
    #expect(try VineyarddSpec(customResource: object, namespace: "research").namespace == "research")
    object.tree["spec"] = ["vineyard": nil, "metric": [:]]
    #expect(try VineyarddSpec(customResource: object) == VineyarddSpec())
  }

  /// The defaults of the definition, as an API server fills them in.
  private func defaults(_ kind: String) throws -> Value {
    let definition = try #require(
      try Manifests.customResourceDefinitions().first { $0.tree["spec", "names", "kind"]?.string == kind })
    let schema = definition.tree["spec", "versions"]?[0]?["schema", "openAPIV3Schema", "properties", "spec"]
    return defaults(of: try #require(schema))
  }

  private func defaults(of schema: Value) -> Value {
    var value: Value = [:]
    for (name, property) in schema["properties"]?.fields ?? [:] {
      guard let given = property["default"] else { continue }
      value[name] = given.fields == nil ? given : defaults(of: property)
    }
    return value
  }

  @Test func `the defaults of the definitions are those of the specs`() throws {
    var cluster = VineyarddSpec().customResource()
    cluster.tree["spec"] = try defaults("Vineyardd")
    #expect(try VineyarddSpec(customResource: cluster) == VineyarddSpec())
    var driver = CSIDriverSpec().customResource()
    driver.tree["spec"] = try defaults("CSIDriver")
    #expect(try CSIDriverSpec(customResource: driver) == CSIDriverSpec())
  }

  /// Every field of a schema that can be set, as paths.
  private func leaves(_ schema: Value, _ path: String = "") -> Set<String> {
    guard let properties = schema["properties"]?.fields else { return [path] }
    return properties.reduce(into: []) { $0.formUnion(leaves($1.value, "\(path).\($1.key)")) }
  }

  private func has(_ tree: Value, _ path: String) -> Bool {
    tree[path: path.split(separator: ".").map(String.init)] != nil
  }

  @Test func `every field of the definitions can be set by an option`() throws {
    for definition in try Manifests.customResourceDefinitions() {
      let schema = definition.tree["spec", "versions"]?[0]?["schema", "openAPIV3Schema", "properties", "spec"]
      let isCluster = definition.tree["spec", "names", "kind"]?.string == "Vineyardd"
      let resource =
        isCluster ? try Samples.fullCluster().customResource() : try Samples.fullDriver().customResource()
      for path in leaves(try #require(schema)) {
        #expect(has(resource.tree["spec"] ?? [:], path), "\(definition.name) \(path)")
      }
    }
  }

  @Test func `more than one equals sign belongs to the value`() throws {
    let variable = try VineyarddSpec.EnvironmentVariable(flag: "A=b=c")
    #expect(variable.name == "A" && variable.value == "b=c")
  }
}
