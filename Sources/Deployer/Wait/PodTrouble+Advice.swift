import KubernetesClient
import KubernetesObjects

extension PodTrouble {
  /// What to do about a pod's trouble, nil when nothing general can be said.
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

  /// What is known of a pod that is neither ready nor in trouble when time is up.
  static func idleness(_ pod: KubernetesObject) -> String? {
    guard !pod.isBeingDeleted else { return nil }
    guard let container = Pod(pod).statuses.first(where: { !$0.isReady }) else { return nil }
    let state = container.isRunning ? "runs but is not ready" : "has not started"
    return "\(pod.name): container \(container.name): \(state)"
  }
}

extension PodRefusal {
  /// What to do about a refusal, nil when nothing general can be said.
  public static func advice(_ refusal: String) -> String? {
    let denial = Denial(refusal)
    return denial == .other || denial == .role ? nil : denial.hint
  }
}
