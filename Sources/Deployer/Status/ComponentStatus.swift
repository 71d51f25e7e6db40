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
