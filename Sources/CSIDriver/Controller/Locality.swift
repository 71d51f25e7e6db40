import CSIProtocol
import Coordination
import GRPCCore
import StoreProtocol
import Support
import Synchronization

// MARK: - Decision

extension ControllerService {
  /// Decides whether a new volume is to be used on every node with a store of its cluster, or on one.
  ///
  /// - Parameter source: the volume or snapshot it is a copy of.
  /// - Throws: `RPCError` with code `invalidArgument` for a locality that the volume cannot have, `unavailable` when the
  ///   stores do not answer or their nodes lack the label by which Kubernetes finds them.
  func locality(
    _ wanted: CreateVolumeParameters, source: LocatedVolume?
  ) async throws(RPCError) -> VolumeLocality {
    if let source {
      let locality = source.record.locality
      if wanted.locality == nil || wanted.locality == locality { return locality }
      throw Self.copyElsewhere(source, locality)
    }
    if wanted.locality == .node { return .node }
    let cluster = wanted.parameters.cluster
    let room = try await rooms.room(of: cluster)
    guard room.isShared else {
      guard wanted.locality == .cluster, let node = room.unsharedNodes.first else { return .node }
      throw RPCError(
        code: .invalidArgument,
        message:
          "parameter locality is 'cluster', and the store of \(cluster) on node \(node) shares nothing: it keeps "
          + "its own metadata (hint: leave the parameter out, or give all stores the metadata of one etcd)")
    }
    guard try await directory.hasLabelledNodes(cluster) else {
      throw RPCError(
        code: .unavailable,
        message: "no node has the label \(cluster.storeLabel) yet, by which Kubernetes finds the stores of \(cluster) "
          + "(hint: the operator sets it where a store is ready; without an operator, parameter locality 'node' keeps "
          + "volumes on one node)")
    }
    return .cluster
  }

  private static func copyElsewhere(_ source: LocatedVolume, _ locality: VolumeLocality) -> RPCError {
    let id = source.record.id
    switch locality {
    case .cluster:
      return RPCError(
        code: .invalidArgument,
        message: "the source '\(id)' is on several nodes, and a copy of it cannot be on one (hint: a claim with "
          + "ReadWriteMany or ReadOnlyMany, and no parameter locality 'node')")
    case .node:
      return RPCError(
        code: .invalidArgument,
        message: "the source '\(id)' is on node \(source.store.node) alone, and so is every copy of it (hint: a "
          + "StorageClass without parameter locality 'cluster')")
    }
  }
}

// MARK: - Room

extension ControllerService {
  /// Makes sure that all stores of a cluster together have room for more bytes.
  ///
  /// A store knows what it has itself; what volumes of all stores may take is looked at here, before one is made or grows.
  ///
  /// - Parameters:
  ///   - bytes: in addition to what is used and reserved.
  ///   - size: of the volume.
  /// - Throws: `RPCError` with code `resourceExhausted` without so much room, `outOfRange` for a size that the stores
  ///   could not have if they were empty, `unavailable` when no store answers.
  func requireRoom(_ bytes: UInt64, for size: UInt64, in cluster: ClusterName, _ id: String) async throws(RPCError) {
    let room = try await rooms.room(of: cluster)
    guard bytes > room.available else { return }
    throw RPCError(
      code: size > room.limit ? .outOfRange : .resourceExhausted,
      message: "volume '\(id)' cannot have \(size) bytes: the \(room.capacities.count) ready stores of \(cluster) have "
        + "\(room.available) bytes left together, of \(room.limit)")
  }
}

// MARK: - Capacity

extension ControllerService {
  /// The room for volumes that can be used in all stores of a cluster, seen from some of its nodes; nil where volumes are
  /// on one node each.
  ///
  /// - Parameter capacities: of the ready stores on these nodes.
  func clusterCapacity(_ parameters: VolumeParameters, _ capacities: [(node: String, StoreCapacity)]) async -> UInt64? {
    guard parameters.locality != .node, !capacities.isEmpty, capacities.allSatisfy({ $0.1.isShared }) else {
      return nil
    }
    // A claim for one node only was refused there a moment ago, since it has to fit into that store.
    guard !capacities.contains(where: { pinnedRefusals.isRecent(on: $0.node, of: parameters.cluster) }) else {
      return nil
    }
    guard let room = try? await rooms.room(of: parameters.cluster), room.isShared else { return nil }
    return room.available
  }
}

/// Nodes whose store had no room for a claim of one node only, while the cluster has room for volumes of all nodes.
///
/// Kubernetes asks for the capacity of a StorageClass without the access mode of a claim. Without a memory of the refusal
/// it would choose the same node again and again; with it, it sees for a while what the node itself has.
final class PinnedRefusals: Sendable {
  /// Longer than the provisioner takes to ask again, and the scheduler to choose again.
  private static let lifetime: Duration = .seconds(60)

  private struct Place: Hashable {
    let cluster: ClusterName
    let node: String
  }

  private let times = Mutex<[Place: ContinuousClock.Instant]>([:])

  /// Notes that a store had no room.
  func note(_ store: StoreEndpoint) {
    times.withLock { times in
      times = times.filter { .now - $0.value < Self.lifetime }
      times[Place(cluster: store.cluster, node: store.node)] = .now
    }
  }

  func isRecent(on node: String, of cluster: ClusterName) -> Bool {
    times.withLock { $0[Place(cluster: cluster, node: node)] }.map { .now - $0 < Self.lifetime } ?? false
  }
}
