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

  /// The message without what the controllers put in front of it.
  private static func text(of message: String) -> String {
    for marker in ["Error creating: ", " failed error: "] {
      if let range = message.firstRange(of: marker) { return String(message[range.upperBound...]) }
    }
    return message
  }
}
