import CSIProtocol
import KubernetesObjects
import StoreProtocol
import SwiftProtobuf

/// Topology by which Kubernetes knows the node of a volume: a label that the kubelet gives the node when it registers the
/// driver.
struct NodeTopology: Hashable, Sendable {
  private let segments: [String: String]

  /// - Returns: nil for a topology with a key that is not the driver's, or with none.
  init?(_ topology: Csi_V1_Topology) {
    let segments = topology.segments
    guard !segments.isEmpty, Self.foreignKey(topology) == nil else { return nil }
    self.segments = segments
  }

  /// The name of the node for people, as far as the topology has it.
  var name: String { segments[VolumeTopology.nodeKey] ?? segments[VolumeTopology.formerNodeKey] ?? "" }

  /// Whether it is that of a node.
  func means(_ node: String) -> Bool {
    segments.allSatisfy { key, value in
      key == VolumeTopology.nodeKey ? value == VolumeTopology.nodeValue(node) : value == node
    }
  }

  /// A key that is not the driver's, nil when there is none.
  static func foreignKey(_ topology: Csi_V1_Topology) -> String? {
    topology.segments.keys.sorted().first { $0 != VolumeTopology.nodeKey && $0 != VolumeTopology.formerNodeKey }
  }

  /// The topology of a node.
  static func topology(_ node: String) -> Csi_V1_Topology {
    .with { $0.segments = [VolumeTopology.nodeKey: VolumeTopology.nodeValue(node)] }
  }
}

extension ClusterName {
  /// The label of the nodes with a ready store of the cluster.
  var storeLabel: String { VolumeTopology.storeKey(namespace: namespace, name: name) }

  /// The topology of a volume that can be used on all of these nodes.
  ///
  /// The kubelet asks a driver for a node's topology once, so the label is none of those that a node's driver names: the
  /// operator keeps it. Only PersistentVolumes have it, whose node affinity the scheduler and the kubelet compare with the
  /// labels that a node has at that time.
  var storeTopology: Csi_V1_Topology { .with { $0.segments = [storeLabel: VolumeTopology.storeValue] } }
}

extension Csi_V1_Topology {
  /// The topology of a volume: the nodes with a store of its cluster, or the one with its store.
  init(of record: VolumeRecord, in store: StoreEndpoint) {
    self = record.locality == .cluster ? store.cluster.storeTopology : NodeTopology.topology(store.node)
  }
}
