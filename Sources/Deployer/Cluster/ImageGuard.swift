import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Keeps a deployment from beginning whose pods could never start: the default image is on no registry, so that a node
/// has it or never gets it.
public struct ImageGuard: Sendable {
  private let client: KubernetesClient
  private let story: Story

  public init(client: KubernetesClient, story: Story) {
    self.client = client
    self.story = story
  }

  /// How long kubelets take at most until their node tells of a new image: 30 s to see it, 10 s to report it.
  private static let reportingTime = TimeSpan(nanoseconds: 45_000_000_000)

  /// Makes sure that a node has the image, if the objects need it and it cannot be pulled.
  ///
  /// - Parameters:
  ///   - nodes: as they were a moment ago; nil when they may not be seen, and then nothing is refused.
  ///   - timeout: how long the command may take, nil for as long as it takes.
  /// - Throws: `CommandError` with code `failed` and the command that brings the image to the nodes.
  public func require(
    _ objects: [KubernetesObject], nodes: [NodeFacts]?, timeout: TimeSpan?
  ) async throws {
    let image = ImageOptions.vineyardctl
    guard objects.contains(where: { Self.uses(image, $0) }), let nodes, NodeFacts.lack(image, nodes) else { return }
    story.tell(.wait, "no node has reported the image \(image) yet")
    let patience = Deadline(
      after: [timeout, Self.reportingTime].compactMap { $0 }.min { $0.nanoseconds < $1.nanoseconds })
    var latest = nodes
    let isThere = try await patience.race {
      while NodeFacts.lack(image, try await client.list(.node).items.map { NodeFacts($0) }) {
        try await Task.sleep(for: .seconds(2))
      }
    }
    if isThere { return }
    latest = try await client.list(.node).items.map { NodeFacts($0) }
    let distribution = latest.first { $0.isLinux }?.distribution ?? .other
    throw CommandError(
      .failed, "no node has the image \(image), and no registry has it", cause: "nothing was changed",
      hint:
        "\(distribution.loading(image)) brings it there once 'scripts/image' has built it; or push it to a registry "
        + "and name it with --image")
  }

  /// Whether pods of an object, or of what the operator makes of it, run an image.
  private static func uses(_ image: String, _ object: KubernetesObject) -> Bool {
    if Workload(object).containers.contains(where: { $0.image == image }) { return true }
    guard let kind = ResourceKind.of(object.reference.type), let spec = object.tree["spec"] else { return false }
    return spec["imageRegistry"] == nil && spec[path: kind.imagePath]?.string == image
  }
}
