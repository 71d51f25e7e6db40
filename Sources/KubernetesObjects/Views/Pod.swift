/// A pod: where it is and how its containers are (core/v1).
public struct Pod: Sendable {
  public let object: KubernetesObject

  public init(_ object: KubernetesObject) { self.object = object }

  private var status: Value? { object.tree["status"] }

  /// The name of its node; nil while it is on none.
  public var node: String? { object.tree["spec", "nodeName"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  /// Its IP address; nil while it has none.
  public var address: String? { status?["podIP"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
  /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; nil before the API server has set it.
  public var phase: String? { status?["phase"]?.string }
  /// The reason of its phase, in one word.
  public var reason: String? { status?["reason"]?.string }
  public var message: String? { status?["message"]?.string }
  public var containers: [Container] { (object.tree["spec", "containers"]?.array ?? []).map { Container(tree: $0) } }
  public var statuses: [ContainerStatus] { statuses("containerStatuses") }
  public var initStatuses: [ContainerStatus] { statuses("initContainerStatuses") }

  private func statuses(_ key: String) -> [ContainerStatus] {
    (status?[key]?.array ?? []).map { ContainerStatus(tree: $0) }
  }

  public var isRunning: Bool { phase == "Running" }
  /// Whether its containers have ended for good, so that it takes no room on its node.
  public var hasEnded: Bool { phase == "Succeeded" || phase == "Failed" }
  public var isReady: Bool { object.condition("Ready")?.status == .yes }

  /// The names of the claims of its volumes.
  public var claims: [String] { volumes.compactMap { $0["persistentVolumeClaim", "claimName"]?.string } }
  /// The names of its volumes that get a claim of their own.
  public var ephemeralVolumes: [String] { volumes.filter { $0["ephemeral"] != nil }.compactMap { $0["name"]?.string } }
  /// Its inline volumes of a CSI driver.
  public func inlineVolumes(of driver: String) -> [Value] {
    volumes.compactMap { $0["csi"] }.filter { $0["driver"]?.string == driver }
  }

  private var volumes: [Value] { object.tree["spec", "volumes"]?.array ?? [] }
}

/// A container of a pod, or of a workload's template.
public struct Container: Sendable {
  let tree: Value

  public var name: String { tree["name"]?.string ?? "" }
  public var image: String? { tree["image"]?.string }
  /// Memory that the scheduler sets aside, in bytes; nil when none is asked for.
  public var memoryRequest: UInt64? { memory("requests") }
  /// Memory that it may use at most, in bytes; nil without a limit.
  public var memoryLimit: UInt64? { memory("limits") }

  private func memory(_ key: String) -> UInt64? {
    tree["resources", key, "memory"]?.string.flatMap { Quantity($0)?.bytes }
  }

  /// The number of a named port; nil when there is none.
  public func port(_ name: String) -> Int? {
    (tree["ports"]?.array ?? []).first { $0["name"]?.string == name }?["containerPort"]?.int
  }
}

/// The state of a container in a pod.
public struct ContainerStatus: Sendable {
  let tree: Value

  public var name: String { tree["name"]?.string ?? "?" }
  public var isReady: Bool { tree["ready"]?.bool == true }
  public var restarts: Int { tree["restartCount"]?.int ?? 0 }
  public var isRunning: Bool { tree["state", "running"] != nil }
  /// The reason why it does not run yet; nil when it does, or has ended.
  public var waiting: (reason: String?, message: String?)? {
    tree["state", "waiting"].map { ($0["reason"]?.string, $0["message"]?.string) }
  }
  /// Its end; nil while it has not ended.
  public var ending: Ending? { tree["state", "terminated"].map { Ending(tree: $0) } }
  /// Its last end, when it has been started again since.
  public var lastEnding: Ending? { tree["lastState", "terminated"].map { Ending(tree: $0) } }

  /// The end of a container.
  public struct Ending: Sendable {
    let tree: Value

    public var exitCode: Int? { tree["exitCode"]?.int }
    public var reason: String? { tree["reason"]?.string }
    public var message: String? { tree["message"]?.string }
  }
}
