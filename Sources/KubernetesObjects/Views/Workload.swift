/// A Deployment, StatefulSet or DaemonSet: the pods that are wanted, and those that its controller counts.
///
/// Source: the status fields of apps/v1; the same counts have other names in a DaemonSet.
public struct Workload: Sendable {
  public let object: KubernetesObject

  public init(_ object: KubernetesObject) { self.object = object }

  private var isDaemonSet: Bool { object.kind == "DaemonSet" }

  private func count(_ key: String, ofDaemonSet daemonKey: String) -> Int {
    object.tree["status", isDaemonSet ? daemonKey : key]?.int ?? 0
  }

  /// Pods that are wanted.
  public var desired: Int {
    isDaemonSet ? object.tree["status", "desiredNumberScheduled"]?.int ?? 0 : object.replicas ?? 1
  }

  /// Pods that exist, of whichever template.
  public var current: Int { count("replicas", ofDaemonSet: "currentNumberScheduled") }
  /// Pods of the present template.
  public var updated: Int { count("updatedReplicas", ofDaemonSet: "updatedNumberScheduled") }
  public var ready: Int { count("readyReplicas", ofDaemonSet: "numberReady") }
  /// Pods that have been ready for as long as they must be.
  public var available: Int { count("availableReplicas", ofDaemonSet: "numberAvailable") }

  /// The labels by which it finds its pods.
  public var selector: [String: String] { object.tree["spec", "selector", "matchLabels"]?.stringFields ?? [:] }
  /// The labels that its pods get.
  public var podLabels: [String: String] {
    object.tree["spec", "template", "metadata", "labels"]?.stringFields ?? [:]
  }
  public var containers: [Container] {
    (object.tree["spec", "template", "spec", "containers"]?.array ?? []).map { Container(tree: $0) }
  }
}

extension KubernetesObject {
  /// Replicas that the specification asks for; nil when it leaves that to the server or the operator.
  public var replicas: Int? { tree["spec", "replicas"]?.int }

  /// Whether the controller has seen the present specification: `status.observedGeneration` has reached
  /// `metadata.generation`.
  public var isObserved: Bool { (tree["status", "observedGeneration"]?.int ?? 0) >= (generation ?? 0) }
}
