import KubernetesClient
import KubernetesObjects

/// Reasons why pods do not get ready, in the words of the kubelet and the scheduler.
enum PodTrouble {
  /// The first thing wrong with a pod, nil while it is simply starting, fine, or on its way out.
  ///
  /// Source: PodStatus of core/v1: container states `waiting` and `terminated`, the condition `PodScheduled`.
  static func of(_ pod: KubernetesObject) -> String? {
    // How a pod ends that is being replaced says nothing about the one that replaces it.
    if pod.isBeingDeleted { return nil }
    let view = Pod(pod)
    if let text = unschedulable(pod) { return "\(pod.name): not scheduled: \(text)" }
    for container in view.initStatuses + view.statuses {
      if let text = trouble(container) { return "\(pod.name): container \(container.name): \(text)" }
    }
    if view.phase == "Failed" {
      let reason = [view.reason, view.message].compactMap { $0 }.joined(separator: ": ")
      return "\(pod.name): failed\(reason.isEmpty ? "" : ": \(reason)")"
    }
    return nil
  }

  /// Whether the scheduler has found no node for a pod.
  static func isUnplaced(_ pod: KubernetesObject) -> Bool { unschedulable(pod) != nil }

  /// The container that has crashed and whose log tells why.
  static func crashedContainer(_ pod: KubernetesObject) -> String? {
    Pod(pod).statuses.first { $0.lastEnding != nil || $0.ending != nil }?.name
  }

  /// Whether a container has run before, so that the log of its last end is the previous one.
  static func hasRestarted(_ container: String, in pod: KubernetesObject) -> Bool {
    Pod(pod).statuses.contains { $0.name == container && $0.lastEnding != nil }
  }

  private static func unschedulable(_ pod: KubernetesObject) -> String? {
    guard let condition = pod.condition("PodScheduled"), condition.status == .no else { return nil }
    return condition.message.isEmpty ? condition.reason : condition.message
  }

  private static func trouble(_ container: ContainerStatus) -> String? {
    if let waiting = container.waiting {
      let reason = waiting.reason ?? ""
      if startingReasons.contains(reason) { return nil }
      let exit = container.lastEnding.map { ", \(text($0))" } ?? ""
      return [reason, waiting.message].compactMap { $0 }.joined(separator: ": ") + exit
    }
    if let ending = container.ending, ending.exitCode != 0 { return text(ending) }
    return nil
  }

  private static let startingReasons: Set = ["", "ContainerCreating", "PodInitializing"]

  private static func text(_ ending: ContainerStatus.Ending) -> String {
    let message = ending.message.map { ": \($0)" } ?? ""
    return "ended with exit code \(ending.exitCode ?? -1) (\(ending.reason ?? "Error"))\(message)"
  }
}

extension PodTrouble {
  /// Advice about a pod's trouble, nil when nothing general can be said.
  ///
  /// Source: the reasons of waiting containers in the kubelet, and the messages of the scheduler's filters.
  static func advice(_ pod: KubernetesObject) -> String? {
    guard let trouble = of(pod) else { return nil }
    if ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"].contains(where: trouble.contains) {
      return "bring the image where the nodes pull from, or name another with --image"
    }
    if trouble.contains("exec format error") {
      return "the image is for another architecture than the node: name those it is built for with --architectures"
    }
    if let container = crashedContainer(pod) {
      return "'kubectl logs -n \(pod.namespace ?? "") \(pod.name) -c \(container) --previous' shows the whole log"
    }
    guard trouble.contains("not scheduled") else { return nil }
    if trouble.contains("Insufficient") {
      return "free some on the nodes, or ask for less with --vineyardd.size, --vineyardd.memory or --vineyardd.cpu"
    }
    if trouble.contains("untolerated taint"), !trouble.contains("not-ready"), !trouble.contains("unreachable") {
      return "let the pods go there with --tolerations, uncordon or repair nodes, or remove their taints"
    }
    if trouble.contains("node affinity/selector") {
      return "no node has the labels of --node-selector, or the architecture: see 'kubectl get nodes --show-labels'"
    }
    if trouble.contains("anti-affinity") {
      return "each store needs a node of its own: add nodes, or choose fewer with --replicas"
    }
    return "uncordon or repair nodes, or remove their taints"
  }

  /// The state of a pod that is neither ready nor in trouble when time is up.
  static func idleness(_ pod: KubernetesObject) -> String? {
    guard !pod.isBeingDeleted else { return nil }
    guard let container = Pod(pod).statuses.first(where: { !$0.isReady }) else { return nil }
    let state = container.isRunning ? "runs but is not ready" : "has not started"
    return "\(pod.name): container \(container.name): \(state)"
  }
}

extension PodRefusal {
  /// Advice about a refusal, nil when nothing general can be said.
  public static func advice(_ refusal: String) -> String? {
    let denial = Denial(refusal)
    return denial == .other || denial == .role ? nil : denial.hint
  }
}
