import KubernetesObjects
import Support

extension VineyarddSpec {
  /// Reads a custom resource; fields that it does not have get their defaults.
  ///
  /// - Parameter namespace: where the resource names none.
  /// - Throws: `ProgramError` with code `usage` for another kind, a wrong type or an unknown field.
  public init(customResource object: KubernetesObject, namespace: String) throws {
    try requireKind("Vineyardd", of: object)
    try self.init(object.tree["spec"], "spec")
    name = object.name
    self.namespace = object.namespace ?? namespace
  }

  /// The custom resource. Every setting is in it, so that applying it again brings a cluster back to them.
  public func customResource() -> KubernetesObject {
    customResourceObject("Vineyardd", name: name, namespace: namespace, spec: tree)
  }
}

/// - Throws: `ProgramError` with code `usage` when an object is of another kind, or of our kind in another version.
func requireKind(_ kind: String, of object: KubernetesObject) throws {
  guard object.kind == kind, object.apiVersion == Manifests.apiVersion else {
    let found = object.kind.isEmpty ? "an object without a kind" : object.reference.type.description
    throw ProgramError(
      .usage, "not a \(kind) resource: \(found)",
      hint: "it begins with apiVersion: \(Manifests.apiVersion), kind: \(kind)")
  }
}

/// A custom resource of ours, labelled as everything this program makes.
func customResourceObject(_ kind: String, name: String, namespace: String?, spec: Value) -> KubernetesObject {
  var object = KubernetesObject([
    "apiVersion": .string(Manifests.apiVersion), "kind": .string(kind), "metadata": ["name": .string(name)],
  ])
  object.namespace = namespace
  object.setLabel("app.kubernetes.io/managed-by", Manifests.creator)
  object.setLabel("app.kubernetes.io/part-of", "vineyard")
  object.tree["spec"] = spec
  return object
}
