import Coordination
import GRPCCore
import Synchronization

/// Something about each cluster that is asked for when it is needed and kept for a while.
final class ClusterValues<Value: Sendable & Equatable>: Sendable {
  typealias Fetch = @Sendable (ClusterName) async -> Result<Value, RPCError>

  private let lifetime: Duration
  private let fetch: Fetch
  private let values = Mutex<[ClusterName: ExpiringValue<Value, RPCError>]>([:])

  init(lifetime: Duration, fetch: @escaping Fetch) {
    self.lifetime = lifetime
    self.fetch = fetch
  }

  /// The value of a cluster, fetched if necessary.
  ///
  /// - Parameter refused: a value that is good for nothing, however fresh it is.
  /// - Throws: the failure of the fetch, which is not kept.
  func current(_ cluster: ClusterName, insteadOf refused: Value? = nil) async throws(RPCError) -> Value {
    let value = values.withLock { values in
      if let value = values[cluster] { return value }
      let fetch = fetch
      let value = ExpiringValue(lifetime: lifetime) { await fetch(cluster) }
      values[cluster] = value
      return value
    }
    return try await value.current(insteadOf: refused)
  }
}
