import ClusterInventory
import KubernetesObjects

/// How one pod of an installation is.
public struct PodStatus: Sendable, Equatable {
  public let name: String
  public let namespace: String
  /// The node it is on, empty while it is on none.
  public let node: String
  public let readyContainers: Int
  public let containers: Int
  /// `Running`, or why it is not: `ImagePullBackOff`, `Pending`, …
  public private(set) var state: String
  public let restarts: Int
  /// Whether its node no longer reports, so that what is known of the pod is old.
  public var isNodeDown = false {
    didSet { if isNodeDown && state == "Running" { state = "NodeNotReady" } }
  }
  /// Bytes of its store, nil for other pods and for stores that cannot be reached.
  public var memory: StoreMemory?

  init(_ pod: KubernetesObject) {
    let view = Pod(pod)
    name = pod.name
    namespace = pod.namespace ?? ""
    node = view.node ?? ""
    containers = view.containers.count
    readyContainers = view.statuses.count(where: \.isReady)
    restarts = view.statuses.reduce(0) { $0 + $1.restarts }
    let waiting = view.statuses.lazy.compactMap { $0.waiting?.reason }.first
    state = pod.isBeingDeleted ? "Terminating" : waiting ?? view.phase ?? "Unknown"
  }

  /// `2/2`, as kubectl shows it.
  public var readyText: String { "\(readyContainers)/\(containers)" }

  /// The status as data.
  public var value: Value {
    var value: Value = [
      "name": .string(name), "namespace": .string(namespace), "node": .string(node), "ready": .string(readyText),
      "state": .string(state), "restarts": Value(restarts),
    ]
    if let memory {
      value["memoryUsed"] = .integer(Int64(clamping: memory.used))
      value["memoryLimit"] = .integer(Int64(clamping: memory.limit))
    }
    return value
  }
}
