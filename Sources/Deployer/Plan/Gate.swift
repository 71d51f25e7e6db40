import KubernetesObjects
import Manifests

/// An object whose readiness is waited for, and where the pods are that stand in its way.
public struct Gate: Sendable {
  public let object: ObjectReference
  /// Label selector of the pods behind the object, nil when it has none.
  public let podSelector: String?
  /// The namespace of these pods.
  public let podNamespace: String?
  /// Whether the next wave cannot begin without it; others are waited for only on request (`--wait`).
  public let isRequired: Bool
  /// The generation that was applied: what the object says about an older one does not count.
  var generation: Int?

  public init(_ object: ObjectReference, pods selector: String? = nil, in namespace: String? = nil, required: Bool) {
    self.object = object
    podSelector = selector
    podNamespace = namespace ?? object.namespace
    isRequired = required
  }

  /// The gate of a workload; its pods are those it selects.
  public init(workload: KubernetesObject, required: Bool) {
    let selector = Workload(workload).selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(
      separator: ",")
    self.init(workload.reference, pods: selector.isEmpty ? nil : selector, required: required)
  }
}

extension Gate {
  /// How far a state of the object is.
  func readiness(of latest: KubernetesObject) -> Readiness {
    if let generation, let seen = latest.generation, seen < generation {
      return .pending("waiting for the API server")
    }
    return ResourceKind.readiness(of: latest)
  }

  /// The gate of an object as it was applied.
  func expecting(_ applied: [KubernetesObject]) -> Gate {
    var gate = self
    gate.generation = applied.first { $0.reference == object }?.generation
    return gate
  }
}
