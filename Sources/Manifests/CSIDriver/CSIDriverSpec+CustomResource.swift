import KubernetesObjects

extension CSIDriverSpec {
  /// Reads a custom resource; fields that it does not have get their defaults.
  ///
  /// - Throws: `ProgramError` with code `usage` for another kind, a wrong type or an unknown field.
  public init(customResource object: KubernetesObject) throws {
    try requireKind("CSIDriver", of: object)
    try self.init(object.tree["spec"], "spec")
    name = object.name
  }

  /// The custom resource, with every setting in it.
  public func customResource() -> KubernetesObject {
    customResourceObject("CSIDriver", name: name, namespace: nil, spec: tree)
  }
}
