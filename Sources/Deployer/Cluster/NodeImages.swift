import Documents

/// The images that a node says it has.
struct NodeImages: Sendable, Equatable {
  private let names: Set<String>
  /// Whether the node tells of all it has: kubelets name the largest fifty.
  ///
  /// Source: `nodeStatusMaxImages` of the kubelet's configuration.
  let isComplete: Bool

  private static let limit = 50

  init(_ node: KubernetesObject) {
    let images = node.tree["status", "images"]?.array ?? []
    names = Set(images.flatMap { $0["names"]?.array ?? [] }.compactMap(\.string))
    // A kubelet has at least one image, that of a pod's sandbox, so an empty list says nothing.
    isComplete = !images.isEmpty && images.count < Self.limit
  }

  /// Whether the image is named, with or without what people leave out.
  func contains(_ image: String) -> Bool { !NodeCheck.names(of: image).isDisjoint(with: names) }
}
