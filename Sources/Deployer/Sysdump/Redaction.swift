import KubernetesObjects

/// Rules for what leaves the cluster in an archive: everything that describes, nothing that is secret.
enum Redaction {
  static let mark: Value = "(left out)"

  /// An object without what may be secret: values of variables that sound like it, annotations with whole objects.
  ///
  /// Secrets themselves are never read.
  static func redacted(_ object: KubernetesObject) -> Value {
    var tree = object.tree
    tree["metadata", "managedFields"] = nil
    tree["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"] = nil
    for path in [["spec"], ["spec", "template", "spec"]] {
      for key in ["containers", "initContainers"] {
        guard var containers = tree[path: path + [key]] else { continue }
        containers.mapElements { redact(&$0) }
        tree[path: path + [key]] = containers
      }
    }
    return tree
  }

  private static func redact(_ container: inout Value) {
    guard var variables = container["env"] else { return }
    variables.mapElements { variable in
      guard variable["value"] != nil, isSecret(variable["name"]?.string ?? "") else { return }
      variable["value"] = mark
    }
    container["env"] = variables
  }

  /// Whether the name of a variable says that its value is secret.
  static func isSecret(_ name: String) -> Bool {
    let name = name.uppercased()
    return ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "API_KEY", "PRIVATE"].contains {
      name.contains($0)
    }
  }
}
