import CSIProtocol
import GRPCCore
import KubernetesObjects
import StoreProtocol
import SwiftProtobuf

/// Nodes where a volume may be, and those where it should be.
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

  /// The explanation of a key that is not the driver's.
  static func explanation(of foreignKey: String) -> String {
    "topology key '\(foreignKey)' is not this driver's, which is '\(VolumeTopology.nodeKey)' (hint: allowedTopologies of the "
      + "StorageClass)"
  }

  /// Whether one node is asked for, as it is when Kubernetes has chosen the node of a pod.
  var isOneNode: Bool { requisite?.count == 1 && !isEmpty }

  /// Whether the order of the candidates depends on the memory that they have left.
  var considersCapacity: Bool { requisite == nil }

  /// The nodes that are asked for, most wanted first.
  var named: [NodeTopology] {
    var nodes: [NodeTopology] = []
    let allowed = requisite.map { $0.compactMap { $0 } }
    for case let node? in preferred + (requisite ?? []) where !nodes.contains(node) {
      if allowed?.contains(node) ?? true { nodes.append(node) }
    }
    return nodes
  }

  /// The stores that the volume may be in, most wanted first: as the request names them, then by what they have left.
  ///
  /// - Parameter available: bytes that a node's store can give; a node that is not in it comes last.
  func candidates(_ stores: [StoreEndpoint], available: [String: UInt64] = [:]) -> [StoreEndpoint] {
    let named = named
    let allowed = stores.filter { $0.isReady && allows($0.node) }
    let wanted = named.flatMap { topology in allowed.filter { topology.means($0.node) } }
    let others = allowed.filter { store in !named.contains { $0.means(store.node) } }.sorted { left, right in
      let (leftBytes, rightBytes) = (available[left.node] ?? 0, available[right.node] ?? 0)
      return leftBytes == rightBytes ? left.node < right.node : leftBytes > rightBytes
    }
    return wanted + others
  }
}

/// Reasons why no store takes a volume, node by node.
struct PlacementFailure: Sendable {
  private let wanted: CreateVolumeParameters
  private let locality: VolumeLocality
  private var unreachable: [String: StoreFailure] = [:]
  private var reasons: [String] = []
  private var code = RPCError.Code.resourceExhausted

  /// - Parameter failures: of stores that could not be asked whether they have the volume.
  init(
    _ wanted: CreateVolumeParameters, _ stores: [StoreEndpoint], _ failures: [StoreFailure],
    locality: VolumeLocality = .node
  ) {
    self.wanted = wanted
    self.locality = locality
    for failure in failures { unreachable[failure.store.node] = failure }
    let ready = stores.filter(\.isReady)
    for topology in wanted.choice.named where !ready.contains(where: { topology.means($0.node) }) {
      let store = stores.first { topology.means($0.node) }
      add("node \(store?.node ?? topology.name): \(store == nil ? "no store" : "its store is not ready")")
    }
    for store in stores where !store.isReady && wanted.choice.allows(store.node) {
      add("node \(store.node): its store is not ready")
    }
    if let key = wanted.choice.foreignKey { add(NodeChoice.explanation(of: key)) }
  }

  private mutating func add(_ reason: String) {
    if !reasons.contains(reason) { reasons.append(reason) }
  }

  /// Whether a store can be asked; if not, that is a reason.
  mutating func considers(_ store: StoreEndpoint) -> Bool {
    guard let failure = unreachable[store.node] else { return true }
    add(failure)
    return false
  }

  /// Notes that a store has no room.
  ///
  /// - Throws: `RPCError` when it said something else: then the next one would say the same, or the volume may be there.
  mutating func note(_ failure: StoreFailure) throws(RPCError) {
    switch failure.code {
    case .notEnoughMemory: add(failure)
    case .notImplemented where wanted.source != nil: throw RPCError(code: .invalidArgument, message: failure.message)
    case .notImplemented where locality == .cluster: throw RPCError(code: .failedPrecondition, message: failure.message)
    default: throw failure.rpcError
    }
  }

  private mutating func add(_ failure: StoreFailure) {
    reasons.append("node \(failure.store.node): \(failure.explanation)")
    // One that did not even say that it has no room may have some.
    if failure.code != .notEnoughMemory { code = .unavailable }
  }

  var rpcError: RPCError {
    let shown = reasons.prefix(8).joined(separator: "; ")
    let more = reasons.count > 8 ? "; and \(reasons.count - 8) more" : ""
    let why = reasons.isEmpty ? "the cluster has no stores (hint: 'vineyardctl status')" : shown + more
    return RPCError(
      code: code,
      message: "cluster \(wanted.parameters.cluster) has no place for volume '\(wanted.handle.name)': \(why)")
  }
}
