import ClusterInventory
import KubernetesObjects
import Support

/// What a deployment takes away.
public struct Loss: Sendable, Equatable {
  /// What happens, as people read it: `the stores of team/cache are replaced one by one`.
  public let event: String
  /// Stores whose content goes.
  public var stores: [StoreContent] = []
  /// Claims, pods and volumes that lose something.
  public var uses: [VolumeUse] = []
  /// Whether it is known that nothing is lost.
  public var isCertainlyNothing = false
  /// What keeping each pod is worth, where Kubernetes chooses which ones go and no operator tells it.
  public var costs: [ObjectReference: Int] = [:]

  /// Whether classes go and no store does: claims that are bound stay bound, new ones find no class.
  var isDropOfClasses = false

  /// One sentence without a full stop: what happens and what goes.
  public var text: String {
    var parts: [String] = []
    if !stores.isEmpty { parts.append(stores.map(\.text).shortList) }
    if let phrase = uses.phrase { parts.append(phrase) }
    if isDropOfClasses {
      let bound = parts.isEmpty ? "" : "; bound through it: \(parts.joined(separator: "; "))"
      return "\(event), and new claims find none\(bound)"
    }
    if isCertainlyNothing { return "\(event): \(parts.isEmpty ? "nothing" : parts.joined(separator: "; ")) is lost" }
    return "\(event), and what they hold is lost: \(parts.joined(separator: "; "))"
  }
}
