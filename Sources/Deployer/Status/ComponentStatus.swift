import KubernetesObjects

/// How one workload of an installation is.
public struct ComponentStatus: Sendable, Equatable {
  /// What it is for: `operator`, `store`, `metadata`, `csi controller`, `csi nodes`.
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
  /// What is missing.
  public let detail: String

  init(_ object: KubernetesObject, role: String) {
    let status = object.tree["status"]
    self.role = role
    self.object = object.reference
    if object.kind == "DaemonSet" {
      desired = status?["desiredNumberScheduled"]?.int ?? 0
      ready = status?["numberReady"]?.int ?? 0
      updated = status?["updatedNumberScheduled"]?.int ?? 0
    } else {
      desired = object.tree["spec", "replicas"]?.int ?? 1
      ready = status?["readyReplicas"]?.int ?? 0
      updated = status?["updatedReplicas"]?.int ?? 0
    }
    let containers = object.tree["spec", "template", "spec", "containers"]?.array ?? []
    images = containers.compactMap { $0["image"]?.string }.reduce(into: []) { images, image in
      if !images.contains(image) { images.append(image) }
    }
    let readiness = Readiness.of(object)
    isReady = readiness.isReady
    detail = readiness.detail
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
