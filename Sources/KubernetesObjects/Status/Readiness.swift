/// Progress of an object.
public enum Readiness: Sendable, Equatable {
  /// The object works as intended; the text tells details, for instance `3/3 ready`.
  case ready(String)
  /// The object is on its way; the text says what is missing.
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
  /// Readiness of an object by the rules of its type; types without rules are ready once they exist.
  ///
  /// Source: the status fields of apps/v1 and apiextensions.k8s.io/v1.
  public static func of(_ object: KubernetesObject) -> Readiness {
    if object.isBeingDeleted { return .pending("being deleted") }
    switch (object.reference.type.group, object.kind) {
    case ("apps", "Deployment"), ("apps", "StatefulSet"): return replicas(Workload(object))
    case ("apps", "DaemonSet"): return daemonSet(Workload(object))
    case ("apiextensions.k8s.io", _): return definition(object)
    default: return .ready("exists")
    }
  }

  /// Only pods that are available count, and only when none of an older template is left: a ready pod of the old
  /// template says nothing about the new one.
  private static func replicas(_ workload: Workload) -> Readiness {
    let (desired, updated, available) = (workload.desired, workload.updated, workload.available)
    if !workload.object.isObserved { return .pending("waiting for its controller") }
    if let refusal = PodRefusal.condition(of: workload.object) {
      return .pending("\(available)/\(desired) ready; pods are refused: \(refusal)")
    }
    if updated < desired { return .pending("\(updated)/\(desired) updated, \(available) ready") }
    let old = max(workload.current - updated, workload.current - desired)
    if old > 0 { return .pending("\(min(available, updated))/\(desired) ready, \(old) old to go") }
    return available >= desired ? .ready("\(desired)/\(desired) ready") : .pending("\(available)/\(desired) ready")
  }

  private static func daemonSet(_ workload: Workload) -> Readiness {
    let (desired, updated, available) = (workload.desired, workload.updated, workload.available)
    if !workload.object.isObserved { return .pending("waiting for its controller") }
    if updated < desired { return .pending("\(updated)/\(desired) updated, \(available) ready") }
    return available >= desired
      ? .ready("\(available)/\(desired) ready") : .pending("\(available)/\(desired) ready")
  }

  private static func definition(_ object: KubernetesObject) -> Readiness {
    let condition = object.condition("Established")
    if condition?.status == .yes { return .ready("established") }
    return .pending(condition?.complaint ?? "not established yet")
  }
}

/// The reason why the controller of a workload cannot make its pods: something refuses to admit them.
///
/// Deployments say it in a condition; of DaemonSets and StatefulSets only events tell.
/// Source: `ReplicaFailure` of apps/v1, and the events `FailedCreate` of the controllers.
public enum PodRefusal {
  /// The reason of the events.
  public static let eventReason = "FailedCreate"

  /// The refusal of a workload's pods, in the API server's words; nil when it has all its pods, or nothing is known.
  ///
  /// - Parameter events: of the workload.
  public static func of(_ workload: KubernetesObject, events: [KubernetesObject] = []) -> String? {
    if let text = condition(of: workload) { return text }
    guard lacksPods(workload) else { return nil }
    let last = events.map { Event($0) }.filter { $0.reason == eventReason }.max { $0.time < $1.time }
    return last?.message.map { text(of: $0) }
  }

  /// The message of the condition `ReplicaFailure`.
  public static func condition(of workload: KubernetesObject) -> String? {
    guard let failure = workload.condition("ReplicaFailure"), failure.status == .yes else { return nil }
    return text(of: failure.message)
  }

  /// Whether some of the pods do not even exist.
  public static func lacksPods(_ workload: KubernetesObject) -> Bool {
    guard ["DaemonSet", "StatefulSet"].contains(workload.kind) else { return false }
    return Workload(workload).current < Workload(workload).desired
  }

  /// The message without the text that the controllers put in front of it.
  private static func text(of message: String) -> String {
    for marker in ["Error creating: ", " failed error: "] {
      if let range = message.firstRange(of: marker) { return String(message[range.upperBound...]) }
    }
    return message
  }
}
