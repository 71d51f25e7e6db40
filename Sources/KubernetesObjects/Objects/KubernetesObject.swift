// Objects are trees: those who read fields need the members of `Value`.
@_exported import Documents

/// A Kubernetes object: a tree whose top has `apiVersion`, `kind` and `metadata`.
public struct KubernetesObject: Sendable, Equatable {
  /// The whole object.
  public var tree: Value

  /// Wraps a tree that is known to be an object.
  public init(_ tree: Value) { self.tree = tree }

  /// Reads the one object of a YAML text.
  ///
  /// - Throws: `DocumentError` when the text is no YAML.
  public init(yaml: String) throws(DocumentError) { self.init(try Value(yaml: yaml)) }

  /// `v1`, `apps/v1`, …; empty when missing.
  public var apiVersion: String { tree["apiVersion"]?.string ?? "" }
  /// `Deployment`, …; empty when missing.
  public var kind: String { tree["kind"]?.string ?? "" }

  public var name: String {
    get { tree["metadata", "name"]?.string ?? "" }
    set { tree["metadata", "name"] = .string(newValue) }
  }

  /// nil for objects of the cluster as a whole, and where the namespace is still open.
  public var namespace: String? {
    get { tree["metadata", "namespace"]?.string }
    set { tree["metadata", "namespace"] = newValue.map { .string($0) } }
  }

  public var labels: [String: String] { tree["metadata", "labels"]?.stringFields ?? [:] }
  public var annotations: [String: String] { tree["metadata", "annotations"]?.stringFields ?? [:] }

  /// Sets one label and keeps the others.
  public mutating func setLabel(_ key: String, _ value: String) { tree["metadata", "labels", key] = .string(value) }

  /// Sets one annotation and keeps the others.
  public mutating func setAnnotation(_ key: String, _ value: String) {
    tree["metadata", "annotations", key] = .string(value)
  }

  public var uid: String? { tree["metadata", "uid"]?.string }
  public var resourceVersion: String? { tree["metadata", "resourceVersion"]?.string }
  /// Counts the changes of `spec`.
  public var generation: Int? { tree["metadata", "generation"]?.int }
  /// Whether deletion has begun.
  public var isBeingDeleted: Bool { tree["metadata", "deletionTimestamp"] != nil }

  /// Steps that must be done before the object can go.
  public var finalizers: [String] { (tree["metadata", "finalizers"]?.array ?? []).compactMap(\.string) }

  /// Type, namespace and name.
  public var reference: ObjectReference {
    ObjectReference(type: ObjectType(apiVersion: apiVersion, kind: kind), namespace: namespace, name: name)
  }
}

extension KubernetesObject {
  /// Whether the object is made when there is none and never changed, because it holds something random: another rendering
  /// has another value in it.
  ///
  /// Secrets of a type of their own are not: their values are renewed.
  public var isMadeOnce: Bool { kind == "Secret" && ["Opaque", nil].contains(tree["type"]?.string) }
}
