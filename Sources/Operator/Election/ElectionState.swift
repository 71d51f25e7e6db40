/// A candidate's view of the lease, and the step that follows from it. Time is an argument.
///
/// Only the candidate's own clock counts: a lease has run out when its record has not changed for as long as the record
/// says, since this candidate saw it. Clocks that differ between nodes do not matter.
struct ElectionState: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// The next step.
  enum Step: Sendable, Equatable {
    /// There is no lease.
    case create
    /// Write the lease, provided that it is still as seen.
    case take(LeaseRecord)
    /// Somebody else leads, until then at least.
    case wait(until: Instant)
  }

  let identity: String
  private var seen: LeaseRecord?
  private var seenAt: Instant

  init(identity: String, now: Instant) {
    self.identity = identity
    seenAt = now
  }

  /// The leader, as far as is known.
  var holder: String? { seen.flatMap { $0.holder.isEmpty ? nil : $0.holder } }

  /// Whether this candidate leads, as far as it knows.
  var isHolder: Bool { seen?.holder == identity }

  /// Takes note of the lease as it is; nil when there is none.
  mutating func observe(_ record: LeaseRecord?, at now: Instant) {
    guard record != seen else { return }
    seen = record
    seenAt = now
  }

  func step(at now: Instant) -> Step {
    guard let seen else { return .create }
    if seen.holder.isEmpty || seen.holder == identity { return .take(seen) }
    let end = seenAt + .seconds(max(seen.seconds, 1))
    return end <= now ? .take(seen) : .wait(until: end)
  }
}
