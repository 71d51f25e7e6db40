/// Why the controller of a workload cannot make its pods: something refuses to admit them.
///
/// Deployments say it in a condition; of DaemonSets and StatefulSets only events tell.
/// Source: `ReplicaFailure` of apps/v1, and the events `FailedCreate` of the controllers.
public enum PodRefusal {
  /// The reason of the events.
  public static let eventReason = "FailedCreate"

  /// What refuses a workload's pods, in the API server's words; nil when it has all its pods, or nothing is known.
  ///
  /// - Parameter events: of the workload.
  public static func of(_ workload: KubernetesObject, events: [KubernetesObject] = []) -> String? {
    if let text = condition(of: workload) { return text }
    guard lacksPods(workload) else { return nil }
    let last = events.filter { $0.tree["reason"]?.string == eventReason }.max { time(of: $0) < time(of: $1) }
    return last?.tree["message"]?.string.map { text(of: $0) }
  }

  /// The message of the condition `ReplicaFailure`.
  public static func condition(of workload: KubernetesObject) -> String? {
    let conditions = workload.tree["status", "conditions"]?.array ?? []
    let failure = conditions.first { $0["type"]?.string == "ReplicaFailure" && $0["status"]?.string == "True" }
    return failure?["message"]?.string.map { text(of: $0) }
  }

  /// Whether some of the pods do not even exist.
  public static func lacksPods(_ workload: KubernetesObject) -> Bool {
    let status = workload.tree["status"]
    switch workload.kind {
    case "DaemonSet":
      return (status?["currentNumberScheduled"]?.int ?? 0) < (status?["desiredNumberScheduled"]?.int ?? 0)
    case "StatefulSet": return (status?["replicas"]?.int ?? 0) < (workload.tree["spec", "replicas"]?.int ?? 1)
    default: return false
    }
  }

  /// The message without what the controllers put in front of it.
  private static func text(of message: String) -> String {
    for marker in ["Error creating: ", " failed error: "] {
      if let range = message.firstRange(of: marker) { return String(message[range.upperBound...]) }
    }
    return message
  }

  private static func time(of event: KubernetesObject) -> String {
    event.tree["lastTimestamp"]?.string ?? event.tree["eventTime"]?.string ?? ""
  }
}
