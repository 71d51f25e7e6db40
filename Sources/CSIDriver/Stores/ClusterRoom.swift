import GRPCCore
import StoreClient
import StoreProtocol

/// The memory of the ready stores of a cluster, as far as they answered.
struct ClusterRoom: Sendable, Equatable {
  /// Capacities by the name of the node.
  let capacities: [String: StoreCapacity]

  /// Whether all of them share metadata, so that volumes can be used in any of them.
  var isShared: Bool { !capacities.isEmpty && unsharedNodes.isEmpty }

  /// The nodes whose store shares nothing, by name.
  var unsharedNodes: [String] { capacities.filter { !$0.value.isShared }.keys.sorted() }

  /// Bytes that all of them together can give to new volumes.
  var available: UInt64 { capacities.values.map(\.available).saturatingSum }

  /// Bytes that all of them together may hold.
  var limit: UInt64 { capacities.values.map(\.limit).saturatingSum }
}

extension StoreCapacity {
  /// Bytes that the store and those that it shares volumes with can give.
  var availableEverywhere: UInt64 {
    guard !instances.isEmpty else { return available }
    return instances.filter(\.isReachable).map {
      StoreCapacity(limit: $0.limit, used: $0.used, reserved: $0.promised).available
    }.saturatingSum
  }
}

extension [UInt64] {
  /// The sum, or the largest number when that is less.
  var saturatingSum: UInt64 {
    reduce(0) { sum, bytes in
      let (larger, overflow) = sum.addingReportingOverflow(bytes)
      return overflow ? .max : larger
    }
  }
}

/// Asks the stores of a cluster for their memory, and remembers it for a moment: the provisioner asks about every node.
struct ClusterRooms: Sendable {
  private static let lifetime: Duration = .seconds(2)

  private let rooms: ClusterValues<ClusterRoom>

  init(_ directory: any StoreDirectory, _ gateway: StoreGateway) {
    rooms = ClusterValues(lifetime: Self.lifetime) { cluster in
      do throws(RPCError) {
        let stores = try await directory.stores(of: cluster).filter(\.isReady)
        let replies = await gateway.askAll(stores) { client throws(StoreClientError) in try client.list().capacity }
        if replies.answers.isEmpty, let error = replies.rpcError { return .failure(error) }
        let capacities = replies.answers.map { ($0.store.node, $0.answer) }
        return .success(ClusterRoom(capacities: Dictionary(capacities) { first, _ in first }))
      } catch {
        return .failure(error)
      }
    }
  }

  /// The memory of a cluster; that of no store when none is ready.
  ///
  /// - Throws: `RPCError` when there are ready stores and none answers, or nobody tells where the stores are.
  func room(of cluster: ClusterName) async throws(RPCError) -> ClusterRoom { try await rooms.current(cluster) }
}
