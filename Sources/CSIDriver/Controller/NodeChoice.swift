import CSIProtocol
import SwiftProtobuf

/// Where a volume may be, and where it should be.
struct NodeChoice: Equatable, Sendable {
  /// Nil for any node; an entry is nil where a key is not the driver's, which no node has.
  private let requisite: [NodeTopology?]?
  private let preferred: [NodeTopology?]
  /// A key of the requirement that is not the driver's.
  let foreignKey: String?

  init(_ requirement: Csi_V1_TopologyRequirement) {
    requisite = requirement.requisite.isEmpty ? nil : requirement.requisite.map { NodeTopology($0) }
    preferred = requirement.preferred.map { NodeTopology($0) }
    foreignKey = (requirement.requisite + requirement.preferred).lazy.compactMap(NodeTopology.foreignKey).first
  }

  /// Whether the volume may be on a node.
  func allows(_ node: String) -> Bool { requisite.map { $0.contains { $0?.means(node) ?? false } } ?? true }

  /// Whether there is no node at all that it allows.
  var isEmpty: Bool { requisite?.allSatisfy { $0 == nil } ?? false }

  /// What a key that is not the driver's means for a request.
  static func explanation(of foreignKey: String) -> String {
    "topology key '\(foreignKey)' is not this driver's, which is '\(NodeTopology.key)' (hint: allowedTopologies of the "
      + "StorageClass)"
  }

  /// Whether one node is asked for, as it is when Kubernetes has chosen the node of a pod.
  var isOneNode: Bool { requisite?.count == 1 && !isEmpty }

  /// Whether the order of the candidates depends on their room.
  var considersRoom: Bool { requisite == nil }

  /// The nodes that are asked for, most wanted first.
  var named: [NodeTopology] {
    var nodes: [NodeTopology] = []
    let allowed = requisite.map { $0.compactMap { $0 } }
    for case let node? in preferred + (requisite ?? []) where !nodes.contains(node) {
      if allowed?.contains(node) ?? true { nodes.append(node) }
    }
    return nodes
  }

  /// The stores that the volume may be in, most wanted first: as the request names them, then by their room.
  ///
  /// - Parameter room: bytes that a node's store can give; a node that is not in it comes last.
  func candidates(_ stores: [StoreEndpoint], room: [String: UInt64] = [:]) -> [StoreEndpoint] {
    let named = named
    let allowed = stores.filter { $0.isReady && allows($0.node) }
    let wanted = named.flatMap { topology in allowed.filter { topology.means($0.node) } }
    let others = allowed.filter { store in !named.contains { $0.means(store.node) } }.sorted { left, right in
      let (leftRoom, rightRoom) = (room[left.node] ?? 0, room[right.node] ?? 0)
      return leftRoom == rightRoom ? left.node < right.node : leftRoom > rightRoom
    }
    return wanted + others
  }
}
