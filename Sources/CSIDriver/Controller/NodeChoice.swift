import CSIProtocol
import SwiftProtobuf

/// Where a volume may be, and where it should be.
struct NodeChoice: Equatable, Sendable {
  /// The topology key of this driver; its value is the id of a node.
  static let topologyKey = "kubernetes.io/hostname"

  /// Nil for any node.
  private let requisite: [String?]?
  private let preferred: [String?]

  /// - Parameter requirement: topologies with other keys than the driver's stand for no node at all.
  init(_ requirement: Csi_V1_TopologyRequirement) {
    requisite = requirement.requisite.isEmpty ? nil : requirement.requisite.map(Self.node)
    preferred = requirement.preferred.map(Self.node)
  }

  /// Whether the volume may be on a node.
  func allows(_ node: String) -> Bool { requisite?.contains(node) ?? true }

  /// Whether the order of the candidates depends on their room.
  var considersRoom: Bool { requisite == nil }

  /// The nodes that are asked for by name, most wanted first.
  var named: [String] {
    var nodes: [String] = []
    for case let node? in preferred + (requisite ?? []) where allows(node) && !nodes.contains(node) {
      nodes.append(node)
    }
    return nodes
  }

  /// The stores that the volume may be in, most wanted first: as the request names them, then by their room.
  ///
  /// - Parameter room: bytes that a node's store can give; a node that is not in it comes last.
  func candidates(_ stores: [StoreEndpoint], room: [String: UInt64] = [:]) -> [StoreEndpoint] {
    let named = named
    let allowed = stores.filter { $0.isReady && allows($0.node) }
    let wanted = named.flatMap { node in allowed.filter { $0.node == node } }
    let others = allowed.filter { !named.contains($0.node) }.sorted { left, right in
      let (leftRoom, rightRoom) = (room[left.node] ?? 0, room[right.node] ?? 0)
      return leftRoom == rightRoom ? left.node < right.node : leftRoom > rightRoom
    }
    return wanted + others
  }

  /// The topology of a node.
  static func topology(_ node: String) -> Csi_V1_Topology { .with { $0.segments = [topologyKey: node] } }

  /// The node that a topology means; nil when it has other keys, too, or none.
  static func node(_ topology: Csi_V1_Topology) -> String? {
    topology.segments.count == 1 ? topology.segments[topologyKey] : nil
  }
}
