import Coordination
import EtcdProtocol
import GRPCCore
import Synchronization

/// A lease that is kept alive while somebody refers to it; keys that were put with it go when it does.
public final class EtcdLease: Sendable {
  private let keeper: LeaseKeeper
  private let task: Task<EtcdError?, Never>

  /// - Throws: `EtcdError` when etcd does not grant it.
  init(_ caller: Caller, _ wanted: Duration) async throws(EtcdError) {
    let keeper = try await LeaseKeeper(caller, wanted)
    self.keeper = keeper
    task = Task { await keeper.run() }
  }

  deinit { task.cancel() }

  /// Its number, for ``EtcdClient/put(_:_:lease:within:)`` and transactions.
  public var id: Int64 { keeper.id }
  /// How long it lasts without a sign of life, as etcd granted it.
  public var timeToLive: Duration { keeper.timeToLive }
  /// Until when it certainly holds, unless etcd is heard of again.
  public var validUntil: ContinuousClock.Instant { keeper.validUntil }

  /// Waits until it is lost.
  ///
  /// - Returns: why: `.leaseLost` when etcd has let it go, `.unavailable` when nothing was heard for as long as it
  ///   lives; nil when it was revoked.
  public func loss() async -> EtcdError? { await task.value }

  /// Gives it up, and deletes the keys that live with it.
  ///
  /// - Throws: `EtcdError` when etcd could not be told; it goes by itself then.
  public func revoke() async throws(EtcdError) {
    task.cancel()
    try await keeper.revoke()
  }
}

/// Tells etcd again and again that a lease is wanted.
private final class LeaseKeeper: Sendable {
  let id: Int64
  let timeToLive: Duration
  private let caller: Caller
  /// Reckoned from before etcd was asked, so that etcd never lets it go earlier.
  private let valid: Mutex<ContinuousClock.Instant>

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
    timeToLive = .seconds(min(response.ttl, 86_400))
    self.caller = caller
    valid = Mutex(asked + timeToLive)
  }

  var validUntil: ContinuousClock.Instant { valid.withLock { $0 } }

  /// - Returns: why it was lost; nil when the task is cancelled.
  func run() async -> EtcdError? {
    while true {
      do { try await Task.sleep(for: timeToLive / 3) } catch { return nil }
      let loss = await extend()
      if Task.isCancelled { return nil }
      if let loss { return loss }
    }
  }

  private func extend() async -> EtcdError? {
    let asked = ContinuousClock.now
    let left = validUntil - asked
    guard left > .zero else { return .unavailable("nothing was heard for \(timeToLive.text)") }
    var request = Etcdserverpb_LeaseKeepAliveRequest()
    request.id = id
    do {
      // A stream of one question and one answer is the same on the wire as a call with one of each.
      let response: Etcdserverpb_LeaseKeepAliveResponse = try await caller.call(
        Etcdserverpb_Lease.Method.LeaseKeepAlive.descriptor, request, .repeatable, within: left)
      guard response.ttl > 0 else { return .leaseLost(id) }
      valid.withLock { $0 = asked + .seconds(min(response.ttl, timeToLive.components.seconds)) }
      return nil
    } catch .leaseLost {
      return .leaseLost(id)
    } catch {
      // Asked again until the time is up, whatever the reason.
      return validUntil > .now ? nil : .unavailable("\(error)")
    }
  }

  func revoke() async throws(EtcdError) {
    var request = Etcdserverpb_LeaseRevokeRequest()
    request.id = id
    do {
      let _: Etcdserverpb_LeaseRevokeResponse = try await caller.call(
        Etcdserverpb_Lease.Method.LeaseRevoke.descriptor, request, .repeatable)
    } catch .leaseLost {
      return
    }
  }
}
