import ClusterInventory
import KubernetesObjects
import Support

/// Reading a status from the data that it was written as.
extension InstallationStatus {
  /// - Throws: `ProgramError` for what is no status.
  public init(_ value: Value) throws(ProgramError) {
    guard let namespace = value["namespace"]?.string, let components = value["components"]?.array,
      let pods = value["pods"]?.array
    else { throw ProgramError(.failed, "it is no status of 'vineyardctl status -o json'") }
    let missing = Self.texts(value["missing"])
    let read = components.map { ComponentStatus($0) }
    self.init(
      namespace: namespace.printable(), components: read, pods: pods.map { PodStatus($0) },
      warnings: Self.texts(value["warnings"]), missing: missing, lacksOperator: false,
      hidden: Self.texts(value["notShown"]),
      isComplete: value["isReady"]?.bool == true || !missing.isEmpty || read.contains { !$0.isReady })
  }

  fileprivate static func texts(_ value: Value?) -> [String] {
    (value?.array ?? []).compactMap { $0.string?.printable(1000) }
  }
}

extension ComponentStatus {
  fileprivate init(_ value: Value) {
    func text(_ key: String) -> String { (value[key]?.string ?? "").printable(300) }
    role = text("role")
    object = ObjectReference(
      type: ObjectType(apiVersion: "apps/v1", kind: text("kind")), namespace: text("namespace"), name: text("name"))
    desired = value["desired"]?.int ?? 0
    ready = value["ready"]?.int ?? 0
    updated = value["updated"]?.int ?? 0
    images = InstallationStatus.texts(value["images"])
    isReady = value["isReady"]?.bool ?? false
    detail = text("detail")
  }
}

extension PodStatus {
  fileprivate init(_ value: Value) {
    func text(_ key: String) -> String { (value[key]?.string ?? "").printable(300) }
    name = text("name")
    namespace = text("namespace")
    node = text("node")
    let counts = text("ready").split(separator: "/").compactMap { Int($0) }
    readyContainers = counts.first ?? 0
    containers = counts.last ?? 0
    state = text("state")
    restarts = value["restarts"]?.int ?? 0
    if let used = value["memoryUsed"]?.int.flatMap({ UInt64(exactly: $0) }),
      let limit = value["memoryLimit"]?.int.flatMap({ UInt64(exactly: $0) })
    {
      memory = StoreMemory(used: used, limit: limit)
    }
  }
}
