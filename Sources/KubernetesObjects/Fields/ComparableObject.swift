/// Objects without the fields that the server keeps for itself, so that two of them can be compared and shown.
public enum ComparableObject {
  /// The tree without status and server-set metadata, its keys in alphabetical order: a server may list them anyhow.
  public static func tree(_ object: KubernetesObject) -> Value { content(object).sortedByKey }

  /// The tree without status and server-set metadata, in its own order.
  public static func content(_ object: KubernetesObject) -> Value {
    var tree = object.tree
    tree["status"] = nil
    for key in serverFields { tree["metadata", key] = nil }
    return tree
  }

  /// The tree to show: values of a secret are masked, and marked where they differ from the counterpart's.
  public static func shown(_ object: KubernetesObject, as side: String, besides other: KubernetesObject?) -> Value {
    var tree = tree(object)
    guard object.kind == "Secret" else { return tree }
    for section in ["data", "stringData"] {
      for (key, value) in tree[section]?.fields ?? [:] {
        let isSame = other.map { $0.tree[section, key] == value } ?? true
        tree[section, key] = isSame ? "***" : "*** (\(side))"
      }
    }
    return tree
  }

  private static let serverFields = [
    "managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink",
    "deletionTimestamp", "deletionGracePeriodSeconds",
  ]
}

extension Value {
  fileprivate var sortedByKey: Value {
    if let elements = array { return .array(elements.map(\.sortedByKey)) }
    guard let fields else { return self }
    var sorted: Value = [:]
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) { sorted[key] = value.sortedByKey }
    return sorted
  }
}
