/// How far an object is.
public enum Readiness: Sendable, Equatable {
  /// It does what it is for; the text says how, for instance `3/3 ready`.
  case ready(String)
  /// It is on its way; the text says what is missing.
  case pending(String)

  /// The text.
  public var detail: String {
    switch self {
    case .ready(let text), .pending(let text): text
    }
  }

  public var isReady: Bool {
    if case .ready = self { return true }
    return false
  }
}

extension Readiness {
  /// How far an object is, by the rules of its kind; kinds without rules are ready once they exist.
  ///
  /// Source: the status fields of apps/v1, apiextensions.k8s.io/v1 and our own resources; a controller has seen the
  /// current spec when `status.observedGeneration` has reached `metadata.generation`.
  public static func of(_ object: KubernetesObject) -> Readiness {
    if object.isBeingDeleted { return .pending("being deleted") }
    switch (object.reference.type.group, object.kind) {
    case ("apps", "Deployment"), ("apps", "StatefulSet"): return replicas(object)
    case ("apps", "DaemonSet"): return daemonSet(object)
    case ("apiextensions.k8s.io", _): return condition("Established", object, ready: "established")
    case ("k8s.v6d.io", "Vineyardd"): return vineyardd(object)
    case ("k8s.v6d.io", "CSIDriver"): return csiDriver(object)
    default: return .ready("exists")
    }
  }

  private static func isSeen(_ object: KubernetesObject) -> Bool {
    (object.tree["status", "observedGeneration"]?.int ?? 0) >= (object.generation ?? 0)
  }

  /// Only pods that are available count, and only when none of an older template is left: a ready pod of the old
  /// template says nothing about the new one.
  private static func replicas(_ object: KubernetesObject) -> Readiness {
    let desired = object.tree["spec", "replicas"]?.int ?? 1
    let status = object.tree["status"]
    let available = status?["availableReplicas"]?.int ?? 0
    let updated = status?["updatedReplicas"]?.int ?? 0
    let all = status?["replicas"]?.int ?? 0
    if !isSeen(object) { return .pending("waiting for its controller") }
    if let refusal = PodRefusal.condition(of: object) {
      return .pending("\(available)/\(desired) ready; pods are refused: \(refusal)")
    }
    if updated < desired { return .pending("\(updated)/\(desired) updated, \(available) ready") }
    let old = max(all - updated, all - desired)
    if old > 0 { return .pending("\(min(available, updated))/\(desired) ready, \(old) old to go") }
    return available >= desired ? .ready("\(desired)/\(desired) ready") : .pending("\(available)/\(desired) ready")
  }

  private static func daemonSet(_ object: KubernetesObject) -> Readiness {
    let status = object.tree["status"]
    let desired = status?["desiredNumberScheduled"]?.int ?? 0
    let available = status?["numberAvailable"]?.int ?? 0
    let updated = status?["updatedNumberScheduled"]?.int ?? 0
    if !isSeen(object) { return .pending("waiting for its controller") }
    if updated < desired { return .pending("\(updated)/\(desired) updated, \(available) ready") }
    return available >= desired
      ? .ready("\(available)/\(desired) ready") : .pending("\(available)/\(desired) ready")
  }

  /// `status.current` is what the original operator sets; ours also says which generation it has seen.
  private static func vineyardd(_ object: KubernetesObject) -> Readiness {
    let desired = object.tree["spec", "replicas"]?.int ?? 3
    let current = object.tree["status", "current"]?.int ?? 0
    if object.tree["status"] == nil { return .pending("waiting for the operator") }
    if object.tree["status", "observedGeneration"] != nil, !isSeen(object) {
      return .pending("waiting for the operator")
    }
    guard current == desired else {
      return .pending(refusalMessage(object) ?? "\(current)/\(desired) ready")
    }
    // All may be ready while old ones are still to be replaced.
    return notReadyMessage(object).map { .pending($0) } ?? .ready("\(current)/\(desired) ready")
  }

  private static func csiDriver(_ object: KubernetesObject) -> Readiness {
    guard let state = object.tree["status", "state"]?.string, !state.isEmpty else {
      return .pending("waiting for the operator")
    }
    if object.tree["status", "observedGeneration"] != nil, !isSeen(object) {
      return .pending("waiting for the operator")
    }
    return state == "running" ? .ready("running") : .pending(notReadyMessage(object) ?? state)
  }

  private static func condition(_ type: String, _ object: KubernetesObject, ready: String) -> Readiness {
    let condition = object.tree["status", "conditions"]?.array?.first { $0["type"]?.string == type }
    if condition?["status"]?.string == "True" { return .ready(ready) }
    return .pending(condition?["message"]?.string ?? "not \(ready) yet")
  }

  /// What the operator says when pods are refused, which tells more than their number.
  private static func refusalMessage(_ object: KubernetesObject) -> String? {
    object.tree["status", "conditions"]?.array?
      .first { $0["type"]?.string == "Ready" && $0["reason"]?.string == "PodsRefused" }?["message"]?.string
  }

  private static func notReadyMessage(_ object: KubernetesObject) -> String? {
    object.tree["status", "conditions"]?.array?
      .first { $0["type"]?.string == "Ready" && $0["status"]?.string != "True" }?["message"]?.string
      .flatMap { $0.isEmpty ? nil : $0 }
  }
}
