import CSIProtocol
import SwiftProtobuf

/// How Kubernetes is told which node a volume is on: by a label that the kubelet gives the node when it registers the
/// driver.
struct NodeTopology: Hashable, Sendable {
  /// The label. It is the driver's own: the kubelet refuses a driver whose value differs from a label that the node has
  /// already, and `kubernetes.io/hostname` is not the node's name on every cluster.
  static let key = "csi.vineyard.v6d.io/node"
  /// The label of former releases, which is in PersistentVolumes that exist.
  static let formerKey = "kubernetes.io/hostname"
  private static let longestValue = 63

  private let segments: [String: String]

  /// - Returns: nil for a topology with a key that is not the driver's, or with none.
  init?(_ topology: Csi_V1_Topology) {
    let segments = topology.segments
    guard !segments.isEmpty, Self.foreignKey(topology) == nil else { return nil }
    self.segments = segments
  }

  /// What a person knows the node by: its name, as far as the topology has it.
  var name: String { segments[Self.key] ?? segments[Self.formerKey] ?? "" }

  /// Whether it is that of a node.
  func means(_ node: String) -> Bool {
    segments.allSatisfy { $0.key == Self.key ? $0.value == Self.value(of: node) : $0.value == node }
  }

  /// A key that is not the driver's, nil when there is none.
  static func foreignKey(_ topology: Csi_V1_Topology) -> String? {
    topology.segments.keys.sorted().first { $0 != key && $0 != formerKey }
  }

  /// The topology of a node.
  static func topology(_ node: String) -> Csi_V1_Topology { .with { $0.segments = [key: value(of: node)] } }

  /// The value of a node's label: its name, or a hash of a name that is too long for a label.
  static func value(of node: String) -> String {
    node.utf8.count <= longestValue ? node : "x-\(StableHash.hex(node))"
  }
}
