import KubernetesObjects

/// Why pods do not get ready, in the words of the kubelet and the scheduler.
enum PodTrouble {
  /// The first thing wrong with a pod, nil while it is simply starting, fine, or on its way out.
  ///
  /// Source: PodStatus of core/v1: container states `waiting` and `terminated`, the condition `PodScheduled`.
  static func of(_ pod: KubernetesObject) -> String? {
    // How a pod ends that is being replaced says nothing about the one that replaces it.
    if pod.isBeingDeleted { return nil }
    let status = pod.tree["status"]
    if let text = unschedulable(status) { return "\(pod.name): not scheduled: \(text)" }
    let containers = (status?["initContainerStatuses"]?.array ?? []) + (status?["containerStatuses"]?.array ?? [])
    for container in containers {
      if let text = trouble(container) { return "\(pod.name): container \(container["name"]?.string ?? "?"): \(text)" }
    }
    if status?["phase"]?.string == "Failed" {
      let reason = [status?["reason"]?.string, status?["message"]?.string].compactMap { $0 }.joined(separator: ": ")
      return "\(pod.name): failed\(reason.isEmpty ? "" : ": \(reason)")"
    }
    return nil
  }

  /// Whether the scheduler has found no node for a pod.
  static func isUnplaced(_ pod: KubernetesObject) -> Bool { unschedulable(pod.tree["status"]) != nil }

  /// The container that has crashed and whose log tells why.
  static func crashedContainer(_ pod: KubernetesObject) -> String? {
    pod.tree["status", "containerStatuses"]?.array?.first { status in
      status["lastState", "terminated"] != nil || status["state", "terminated"] != nil
    }?["name"]?.string
  }

  /// Whether a container has run before, so that the log of its last end is the previous one.
  static func hasRestarted(_ container: String, in pod: KubernetesObject) -> Bool {
    pod.tree["status", "containerStatuses"]?.array?.contains {
      $0["name"]?.string == container && $0["lastState", "terminated"] != nil
    } ?? false
  }

  private static func unschedulable(_ status: Value?) -> String? {
    let condition = status?["conditions"]?.array?.first { $0["type"]?.string == "PodScheduled" }
    guard condition?["status"]?.string == "False" else { return nil }
    return condition?["message"]?.string ?? condition?["reason"]?.string
  }

  private static func trouble(_ container: Value) -> String? {
    if let waiting = container["state", "waiting"] {
      let reason = waiting["reason"]?.string ?? ""
      if startingReasons.contains(reason) { return nil }
      let exit = container["lastState", "terminated"].map { ", \(ending($0))" } ?? ""
      return [reason, waiting["message"]?.string].compactMap { $0 }.joined(separator: ": ") + exit
    }
    if let terminated = container["state", "terminated"], terminated["exitCode"]?.int != 0 {
      return ending(terminated)
    }
    return nil
  }

  private static let startingReasons: Set = ["", "ContainerCreating", "PodInitializing"]

  private static func ending(_ terminated: Value) -> String {
    let message = terminated["message"]?.string.map { ": \($0)" } ?? ""
    return
      "ended with exit code \(terminated["exitCode"]?.int ?? -1) (\(terminated["reason"]?.string ?? "Error"))\(message)"
  }
}
