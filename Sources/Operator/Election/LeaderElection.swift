import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Support

/// Elects one of several replicas as the leader, by a Lease.
struct LeaderElection: Sendable {
  /// Durations of the protocol.
  ///
  /// Shorter than client-go's 15, 10 and 2 seconds, so that another replica leads within 15 seconds after the leader
  /// was killed: what a candidate sees is up to one `retry` old.
  struct Timing: Sendable {
    /// Time for which a silent leader is respected.
    var lease: Duration = .seconds(10)
    /// Time for which a leader tries to renew before it stops.
    var renewal: Duration = .seconds(7)
    /// Between two looks at the lease.
    var retry: Duration = .seconds(2)
  }

  let client: KubernetesClient
  /// The lease as the first candidate creates it, without its `spec`.
  let lease: KubernetesObject
  let identity: String
  let leadership: Leadership
  let log: Logger
  var timing = Timing()

  /// Campaigns for the lease, does the work while it holds it, and campaigns again when it was lost; until the task is
  /// cancelled.
  ///
  /// - Throws: `CancellationError`, and what `work` throws.
  func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
    var state = ElectionState(identity: identity, now: .now)
    while true {
      state = try await acquire(state)
      let won = state
      log.info("leading as \(identity)")
      do {
        try await lead(won, work)
      } catch {
        leadership.end()
        if error is Leadership.Lost, !Task.isCancelled {
          log.warning("no longer leading: the lease could not be renewed")
          continue
        }
        await release()
        throw error
      }
      leadership.end()
      await release()
      return
    }
  }

  /// Does the work and renews the lease beside it.
  private func lead(_ state: ElectionState, _ work: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await keepRenewing(state) }
      group.addTask { try await work() }
      // The work is over before anybody else may begin: leaving this scope waits for both.
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func acquire(_ state: ElectionState) async throws -> ElectionState {
    var state = state
    var lastHolder: String?
    while true {
      var pause = timing.retry * Double.random(in: 0.8...1.2)
      do {
        let isWon: Bool
        (state, isWon) = try await attempt(state)
        if isWon { return state }
        if let holder = state.holder, holder != lastHolder {
          log.info("waiting: \(holder) leads")
          lastHolder = holder
        }
        if case .wait(let end) = state.step(at: .now) { pause = min(pause, end - .now) }
      } catch let error as CancellationError {
        throw error
      } catch {
        log.warning("the lease cannot be acquired: \(error)")
      }
      try await Task.sleep(for: max(pause, .milliseconds(10)))
    }
  }

  /// - Throws: `Leadership.Lost`, `CancellationError`.
  private func keepRenewing(_ state: ElectionState) async throws {
    var state = state
    while true {
      try await Task.sleep(for: timing.retry)
      guard leadership.isHeld else { throw Leadership.Lost() }
      do {
        let isHeld: Bool
        (state, isHeld) = try await attempt(state)
        guard isHeld else { throw Leadership.Lost() }
      } catch let error as Leadership.Lost {
        throw error
      } catch let error as CancellationError {
        throw error
      } catch {
        log.warning("the lease cannot be renewed, trying again: \(error)")
      }
    }
  }

  /// Takes the lease, or keeps it, if that is possible now.
  private func attempt(_ state: ElectionState) async throws -> (ElectionState, isHeld: Bool) {
    let start = ContinuousClock.now
    let result = try await withTimeout(timing.renewal) { try await write(state) }
    if result.isHeld { leadership.extend(until: start + timing.renewal) }
    return result
  }

  private func write(_ state: ElectionState) async throws -> (ElectionState, isHeld: Bool) {
    var state = state
    // The holder knows what the lease says, unless somebody interferes.
    if state.isHolder, case .take(let record) = state.step(at: .now), let taken = try await take(record) {
      state.observe(taken, at: .now)
      return (state, true)
    }
    state.observe(try await client.get(lease.reference).map { LeaseRecord($0) }, at: .now)
    let taken: LeaseRecord?
    switch state.step(at: .now) {
    case .wait: return (state, false)
    case .create: taken = try await create()
    case .take(let record): taken = try await take(record)
    }
    guard let taken else { return (state, false) }
    state.observe(taken, at: .now)
    return (state, true)
  }

  /// - Returns: nil when another replica was faster.
  private func create() async throws -> LeaseRecord? {
    var object = lease
    object.tree["spec"] = spec(after: nil)
    do {
      return LeaseRecord(try await client.create(object))
    } catch let error as KubernetesError where error.isAlreadyExists {
      return nil
    }
  }

  /// - Returns: nil when the lease is not as seen.
  private func take(_ record: LeaseRecord) async throws -> LeaseRecord? {
    let change: Value = [
      "metadata": ["resourceVersion": .string(record.resourceVersion)], "spec": spec(after: record),
    ]
    do {
      return LeaseRecord(try await client.patch(lease.reference, .merge(change)))
    } catch let error as KubernetesError where error.isConflict || error.isNotFound {
      return nil
    }
  }

  private func spec(after record: LeaseRecord?) -> Value {
    LeaseRecord.spec(
      holder: identity, seconds: Int(timing.lease.components.seconds), after: record, now: .now())
  }

  /// Lets another replica lead at once. Works in a task that is cancelled, too.
  private func release() async {
    let give = Task {
      try await withTimeout(.seconds(3)) {
        guard let live = try await client.get(lease.reference), LeaseRecord(live).holder == identity else { return }
        let change: Value = [
          "metadata": ["resourceVersion": .string(live.resourceVersion ?? "")],
          "spec": LeaseRecord.released(now: .now()),
        ]
        _ = try await client.patch(lease.reference, .merge(change))
      }
    }
    do {
      try await give.value
      log.info("the lease is released")
    } catch {
      log.warning("the lease cannot be released, it runs out by itself: \(error)")
    }
  }
}
