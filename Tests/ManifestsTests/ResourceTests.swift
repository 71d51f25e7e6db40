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

  @Test func `more than one equals sign belongs to the value`() throws {
    let variable = try VineyarddSpec.EnvironmentVariable(flag: "A=b=c")
    #expect(variable.name == "A" && variable.value == "b=c")
  }
}
