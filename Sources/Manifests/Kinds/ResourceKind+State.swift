import KubernetesObjects

/// The state of resources.
extension ResourceKind {
  /// The state of a resource of which the operator has not yet seen the present specification.
  public static let unseen = "waiting for the operator"

  /// Readiness of any object: by the rules of its kind, else by those of its type.
  public static func readiness(of object: KubernetesObject) -> Readiness {
    guard let kind = of(object.reference.type), !object.isBeingDeleted else { return Readiness.of(object) }
    return kind.readiness(object)
  }

  /// Whether a resource is about something in a namespace.
  public static func concerns(_ resource: KubernetesObject, _ namespace: String) -> Bool {
    of(resource.reference.type)?.concerns(resource, namespace) ?? false
  }

  /// The workload that a resource stands for; nil for none.
  public static func workload(of resource: KubernetesObject) -> Workload? {
    of(resource.reference.type)?.workload(resource)
  }

  /// Readiness by the condition `Ready`, which the operator sets.
  @Sendable static func conditionReadiness(_ resource: KubernetesObject) -> Readiness {
    guard let ready = resource.condition("Ready"), isSeen(resource) else { return .pending(unseen) }
    return ready.status == .yes ? .ready("ready") : .pending(ready.complaint ?? ready.reason)
  }

  /// Whether the operator has seen the present specification; the original's does not say which one it has seen.
  static func isSeen(_ resource: KubernetesObject) -> Bool {
    resource.tree["status", "observedGeneration"] == nil || resource.isObserved
  }
}
