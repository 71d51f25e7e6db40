import ArgumentParser
import KubernetesObjects

/// How objects are printed.
enum DeployOutput: String, ExpressibleByArgument, CaseIterable {
  case yaml, json, name

  /// Objects as text for stdout.
  func text(_ objects: [KubernetesObject]) -> String {
    switch self {
    case .yaml: return Value.yaml(objects.map { $0.tree.withoutManagedFields })
    case .json:
      let items = objects.map { $0.tree.withoutManagedFields }
      return (["apiVersion": "v1", "kind": "List", "items": .array(items)] as Value).indentedJSON
    case .name: return objects.map { "\(Self.name($0.reference))\n" }.joined()
    }
  }

  /// The name as kubectl prints and takes it: `deployment.apps/vineyardd-sample`.
  static func name(_ reference: ObjectReference) -> String {
    let kind = reference.type.kind.lowercased()
    return reference.type.group.isEmpty
      ? "\(kind)/\(reference.name)" : "\(kind).\(reference.type.group)/\(reference.name)"
  }
}

extension Value {
  /// Nobody reads them, and nobody can apply an object that has them.
  fileprivate var withoutManagedFields: Value {
    var tree = self
    tree["metadata", "managedFields"] = nil
    return tree
  }
}
