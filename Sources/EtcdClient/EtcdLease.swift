import EtcdProtocol
import GRPCCore
import Synchronization

/// A lease that is kept alive; keys that were put with it go when it does.
public final class EtcdLease: Sendable {
  /// Its number, for ``EtcdClient/put(_:_:lease:within:)`` and transactions.
  public let id: Int64
  /// How long it lasts without a sign of life, as etcd granted it.
  public let timeToLive: Duration
  private let caller: Caller
  private let state: Mutex<State>
  private let keeper = Mutex<Task<EtcdError?, Never>?>(nil)

  private struct State {
    /// Until when etcd has certainly not let it go: reckoned from before the question.
    var validUntil: ContinuousClock.Instant
    var isRevoked = false
  }

  /// - Throws: `EtcdError` when etcd does not grant it.
  init(_ caller: Caller, _ wanted: Duration) async throws(EtcdError) {
    let asked = ContinuousClock.now
    var request = Etcdserverpb_LeaseGrantRequest()
    request.ttl = max(2, wanted.components.seconds)
    // One that was granted and whose answer was lost goes by itself.
    let response: Etcdserverpb_LeaseGrantResponse = try await caller.call(
      Etcdserverpb_Lease.Method.LeaseGrant.descriptor, request, .repeatable)
    guard response.error.isEmpty else { throw .refused(response.error) }
    guard response.id != 0, response.ttl > 0 else { throw .malformed("a lease without number or time to live") }
    id = response.id
    timeToLive = .seconds(response.ttl)
    self.caller = caller
    state = Mutex(State(validUntil: asked + timeToLive))
    let task = Task { [weak self] in await Self.keepAlive { self } }
    keeper.withLock { $0 = task }
  }

  deinit { keeper.withLock { $0 }?.cancel() }

  /// Until when it certainly holds, unless it is heard of again.
  public var validUntil: ContinuousClock.Instant { state.withLock(\.validUntil) }

  /// Waits until it is lost.
  ///
  /// - Returns: why: `.leaseLost` when etcd has let it go, `.unavailable` when nothing was heard for as long as it
  ///   lives; nil when it was revoked, or nobody refers to it any more.
  public func loss() async -> EtcdError? { await keeper.withLock { $0 }?.value }

  /// Gives it up, and deletes the keys that live with it.
  ///
  /// - Throws: `EtcdError` when etcd could not be told; it goes by itself then.
  public func revoke() async throws(EtcdError) {
    state.withLock { $0.isRevoked = true }
    keeper.withLock { $0 }?.cancel()
    var request = Etcdserverpb_LeaseRevokeRequest()
    request.id = id
    do {
      let _: Etcdserverpb_LeaseRevokeResponse = try await caller.call(
        Etcdserverpb_Lease.Method.LeaseRevoke.descriptor, request, .repeatable)
    } catch .leaseLost {
      return
    }
  }

  // MARK: - Keeping alive

  /// - Parameter lease: the lease while somebody refers to it.
  private static func keepAlive(_ lease: @Sendable () -> EtcdLease?) async -> EtcdError? {
    while let interval = lease().map({ $0.timeToLive / 3 }) {
      do { try await Task.sleep(for: interval) } catch { return nil }
      guard let lease = lease() else { return nil }
      if let loss = await lease.extend() { return lease.state.withLock(\.isRevoked) ? nil : loss }
    }
    return nil
  }

  /// Tells etcd that it is still wanted.
  ///
  /// - Returns: why it is lost.
  private func extend() async -> EtcdError? {
    let asked = ContinuousClock.now
    let left = validUntil - asked
    guard left > .zero else { return .unavailable("nothing was heard for \(timeToLive)") }
    var request = Etcdserverpb_LeaseKeepAliveRequest()
    request.id = id
    do {
      // A stream of one question and one answer is the same on the wire as a call with one of each.
      let response: Etcdserverpb_LeaseKeepAliveResponse = try await caller.call(
        Etcdserverpb_Lease.Method.LeaseKeepAlive.descriptor, request, .repeatable, within: left)
      guard response.ttl > 0 else { return .leaseLost(id) }
      state.withLock { $0.validUntil = asked + .seconds(min(response.ttl, timeToLive.components.seconds)) }
      return nil
    } catch .leaseLost {
      return .leaseLost(id)
    } catch .cancelled {
      return .cancelled
    } catch {
      // What passes is tried again until the time is up, and so is what is refused for other reasons.
      return validUntil > .now ? nil : .unavailable("\(error)")
    }
  }
}
