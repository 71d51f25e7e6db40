import KubernetesObjects
import Support

/// The contents of one running store, as far as they can be known.
public struct StoreContent: Sendable, Equatable {
  public let pod: String
  /// Empty while it is on none.
  public let node: String
  /// Bytes of live objects; nil when the store could not be asked.
  public let bytes: UInt64?
  /// Claims, pods and volumes that are bound to its node.
  public let uses: [VolumeUse]

  /// Whether it is known to hold nothing.
  public var isEmpty: Bool { bytes == 0 && uses.isEmpty }

  /// As it stands in a list: `vineyardd-sample-x7 on node-1 (1.2 GiB)`.
  public var text: String {
    let amount = bytes.map { "\(ByteSize(bytes: $0))" } ?? "unknown content"
    return "\(pod)\(node.isEmpty ? "" : " on \(node)") (\(amount))"
  }

  /// Cost of deleting the pod instead of another one (`controller.kubernetes.io/pod-deletion-cost`, a
  /// 32-bit number): a mebibyte counts one, a volume a thousand.
  ///
  /// A store that cannot be asked is taken to hold more than an empty one.
  public var deletionCost: Int {
    guard let bytes else { return 1 + 1000 * max(1, uses.count) }
    let mebibytes = min(bytes / (1 << 20) + (bytes % (1 << 20) > 0 ? 1 : 0), 1 << 30)
    return min(Int(mebibytes) + 1000 * uses.count, Int(Int32.max))
  }
}

extension StoreContent {
  /// The stores among some pods: those with a container that runs, since nothing else holds memory.
  ///
  /// - Parameters:
  ///   - bytes: of live objects, by pod.
  ///   - uses: of the cluster; those without a node count for every store.
  static func of(_ pods: [KubernetesObject], bytes: [String: UInt64], uses: [VolumeUse]) -> [StoreContent] {
    pods.filter { isHolding($0) }.map { pod in
      let node = Pod(pod).node ?? ""
      return StoreContent(
        pod: pod.name, node: node, bytes: bytes[pod.name],
        uses: uses.filter { $0.nodes.isEmpty || $0.nodes.contains(node) })
    }
  }

  private static func isHolding(_ pod: KubernetesObject) -> Bool {
    guard !pod.isBeingDeleted, pod.labels["app.vineyard.io/role"] == "vineyardd" else { return false }
    return Pod(pod).statuses.contains(where: \.isRunning)
  }
}
