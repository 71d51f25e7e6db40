import ClusterInventory
import KubernetesObjects

/// State of an installation: its workloads, their pods and what is wrong.
public struct InstallationStatus: Sendable, Equatable {
  public let namespace: String
  public let components: [ComponentStatus]
  public let pods: [PodStatus]
  /// Complaints of pods and custom resources, in their own words.
  public let warnings: [String]
  /// A line for each thing that should be there and is not: the operator of resources, the stores of a cluster.
  public let missing: [String]
  /// Whether the operator is among them.
  let lacksOperator: Bool
  /// A line for each kind that may exist besides, and why it is not shown.
  public let hidden: [String]
  /// Whether the user may see all that readiness depends on: the workloads and the clusters of the namespace.
  public let isComplete: Bool

  /// Whether everything is there and does what it should, as far as it may be seen.
  public var isReady: Bool { isComplete && missing.isEmpty && components.allSatisfy(\.isReady) }

  /// Whether an operator has to be deployed before anything else can become ready.
  public var needsOperator: Bool { lacksOperator || components.contains { $0.role == "operator" && $0.desired == 0 } }

  /// The status as data.
  public var value: Value {
    [
      "namespace": .string(namespace), "isReady": .boolean(isReady),
      "components": .array(components.map(\.value)), "pods": .array(pods.map(\.value)), "warnings": Value(warnings),
      "missing": Value(missing), "notShown": Value(hidden),
    ]
  }
}

/// State of one workload of an installation.
public struct ComponentStatus: Sendable, Equatable {
  /// Its purpose: `operator`, `store`, `metadata`, `csi controller`, `csi nodes`.
  public let role: String
  public let object: ObjectReference
  public let desired: Int
  public let ready: Int
  /// Pods of the current template.
  public let updated: Int
  /// The images of its containers that are ours to choose, without repetition.
  public let images: [String]
  /// Whether it does all it should.
  public let isReady: Bool
  /// The state in words, with what is missing.
  public let detail: String

  init(_ object: KubernetesObject, role: String) {
    let workload = Workload(object)
    self.role = role
    self.object = object.reference
    desired = workload.desired
    ready = workload.ready
    updated = workload.updated
    images = workload.containers.compactMap(\.image).reduce(into: []) { images, image in
      if !images.contains(image) { images.append(image) }
    }
    let readiness = Readiness.of(object)
    // What relies on it cannot even be changed while nobody answers the webhook.
    let isOff = role == "operator" && desired == 0
    isReady = readiness.isReady && !isOff
    detail = isOff ? "scaled to 0; 'vineyardctl deploy operator' starts one" : readiness.detail
  }

  /// The tag of the main container's image, which is the version that runs.
  public var version: String {
    guard let image = images.first else { return "" }
    let name = image.split(separator: "/").last ?? ""
    if let at = name.firstIndex(of: "@") { return String(name[name.index(after: at)...].prefix(19)) }
    return name.firstIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? "latest"
  }

  /// The status as data.
  public var value: Value {
    [
      "role": .string(role), "kind": .string(object.type.kind), "namespace": .string(object.namespace ?? ""),
      "name": .string(object.name), "desired": Value(desired), "ready": Value(ready), "updated": Value(updated),
      "version": .string(version), "images": Value(images), "isReady": .boolean(isReady), "detail": .string(detail),
    ]
  }
}

/// State of one pod of an installation.
public struct PodStatus: Sendable, Equatable {
  public let name: String
  public let namespace: String
  /// The node it is on, empty while it is on none.
  public let node: String
  public let readyContainers: Int
  public let containers: Int
  /// `Running`, or the reason why it is not: `ImagePullBackOff`, `Pending`, …
  public internal(set) var state: String
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
