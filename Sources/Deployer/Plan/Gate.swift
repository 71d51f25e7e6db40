import Documents

/// An object whose readiness is waited for, and where the pods are that stand in its way.
public struct Gate: Sendable {
  public let object: ObjectReference
  /// Label selector of the pods behind the object, nil when it has none.
  public let podSelector: String?
  /// The namespace of these pods.
  public let podNamespace: String?
  /// Whether the next wave cannot begin without it; others are waited for only on request (`--wait`).
  public let isRequired: Bool

  public init(_ object: ObjectReference, pods selector: String? = nil, in namespace: String? = nil, required: Bool) {
    self.object = object
    podSelector = selector
    podNamespace = namespace ?? object.namespace
    isRequired = required
  }

  /// The gate of a workload; its pods are those it selects.
  public init(workload: KubernetesObject, required: Bool) {
    let labels = workload.tree["spec", "selector", "matchLabels"]?.stringFields ?? [:]
    let selector = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    self.init(workload.reference, pods: selector.isEmpty ? nil : selector, required: required)
  }
}
