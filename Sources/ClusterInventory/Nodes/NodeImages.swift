import KubernetesObjects

/// The images that a node says it has.
public struct NodeImages: Sendable, Equatable {
  private let names: Set<String>
  /// Whether the node lists all it has: kubelets name the largest fifty.
  ///
  /// Source: `nodeStatusMaxImages` of the kubelet's configuration.
  public let isComplete: Bool

  private static let limit = 50

  public init(_ node: KubernetesObject) {
    let images = node.tree["status", "images"]?.array ?? []
    names = Set(images.flatMap { $0["names"]?.array ?? [] }.compactMap(\.string))
    // A kubelet has at least one image, that of a pod's sandbox, so an empty list says nothing.
    isComplete = !images.isEmpty && images.count < Self.limit
  }

  /// Whether the image is named, with or without what people leave out.
  public func contains(_ image: String) -> Bool { !Self.names(of: image).isDisjoint(with: names) }

  /// An image as it may be called: nodes report the registry and the tag that people leave out.
  ///
  /// Source: the distribution project's reference grammar; Docker Hub is the registry of names without one.
  static func names(of image: String) -> Set<String> {
    let last = image.split(separator: "/").last ?? ""
    let tagged = last.contains(":") || last.contains("@") ? image : "\(image):latest"
    let parts = tagged.split(separator: "/", omittingEmptySubsequences: false)
    let hasRegistry = parts.count > 1 && (parts[0].contains(".") || parts[0].contains(":") || parts[0] == "localhost")
    if hasRegistry { return [tagged] }
    return [tagged, parts.count == 1 ? "docker.io/library/\(tagged)" : "docker.io/\(tagged)"]
  }
}

extension NodeFacts {
  /// Whether it is certain that no node has an image.
  public static func lack(_ image: String, _ nodes: [NodeFacts]) -> Bool {
    let linux = nodes.filter { $0.isLinux && $0.outage == nil }
    return !linux.isEmpty && linux.allSatisfy { $0.images.isComplete && !$0.images.contains(image) }
  }
}
