import KubernetesObjects
import Support

/// One thing in a cluster that cannot do without our CSI driver, or without the store that its volume is in.
public struct VolumeUse: Sendable, Hashable {
  public enum Kind: Int, Sendable, Comparable {
    /// A claim that is bound to a volume of ours, through a class or a volume that was made by hand.
    case claim
    /// A pod on a node with a volume of its own (an inline volume).
    case pod
    /// A volume whose claim is gone and which waits until its bytes have been deleted.
    case releasedVolume

    public static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
  }

  public let kind: Kind
  /// `namespace/name`, or the name of a volume.
  public let name: String
  /// The Vineyard cluster as `namespace/name`, nil where nothing says it.
  public let cluster: String?
  /// The nodes it is bound to; empty when it is bound to none.
  public var nodes: Set<String> = []
  /// The reason why it waits for the driver already; nil when it does not.
  public var obstacle: String?

  /// Text in a list: `default/data (being deleted)`.
  public var text: String { obstacle.map { "\(name) (\($0))" } ?? name }
}

extension [VolumeUse] {
  /// All of them in one phrase: `claims a/b, a/c; pod a/d with an inline volume`; nil when there are none.
  public var phrase: String? {
    let parts = Dictionary(grouping: self, by: \.kind).sorted { $0.key < $1.key }.map { kind, uses in
      let names = uses.map(\.text).shortList
      let isOne = uses.count == 1
      switch kind {
      case .claim: return "\(isOne ? "claim" : "claims") \(names)"
      case .pod: return "\(isOne ? "pod" : "pods") \(names) with \(isOne ? "an inline volume" : "inline volumes")"
      case .releasedVolume: return "\(isOne ? "volume" : "volumes") \(names) waiting for DeleteVolume"
      }
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

/// Reads volumes of our driver from Kubernetes objects.
public enum DriverVolume {
  /// The driver as PersistentVolumes, pods and classes name it.
  public static let driver = StorageClasses.driver

  /// The cluster that volume attributes, or a volume id of ours (`namespace/cluster/volume`), name.
  public static func cluster(attributes: Value?, handle: String? = nil) -> String? {
    if let namespace = attributes?["k8s.v6d.io/vineyard/namespace"]?.string,
      let name = attributes?["k8s.v6d.io/vineyard/name"]?.string
    {
      return "\(namespace)/\(name)"
    }
    let parts = (handle ?? "").split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 3 ? "\(parts[0])/\(parts[1])" : nil
  }

  /// The nodes that a PersistentVolume can be reached from, by any key of a topology; none for one that is on every node
  /// with a store.
  public static func nodes(of volume: KubernetesObject) -> Set<String> {
    Set(
      expressions(of: volume).filter { !isOfStores($0) }.flatMap { $0["values"]?.array ?? [] }.compactMap(\.string))
  }

  /// Whether a PersistentVolume can be used on every node with a store of its cluster.
  public static func isOnAllNodes(_ volume: KubernetesObject) -> Bool {
    expressions(of: volume).contains(where: isOfStores)
  }

  private static func expressions(of volume: KubernetesObject) -> [Value] {
    let terms = volume.tree["spec", "nodeAffinity", "required", "nodeSelectorTerms"]?.array ?? []
    return terms.flatMap { $0["matchExpressions"]?.array ?? [] }
  }

  private static func isOfStores(_ expression: Value) -> Bool {
    expression["key"]?.string?.hasPrefix(VolumeTopology.storeKeyPrefix) == true
  }
}
