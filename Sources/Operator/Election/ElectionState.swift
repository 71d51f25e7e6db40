import KubernetesObjects
import Support

/// A candidate's view of the lease, and the step that follows from it. Time is an argument.
///
/// Only the candidate's own clock counts: a lease has run out when its record has not changed for as long as the record
/// says, since this candidate saw it. Clocks that differ between nodes do not matter.
struct ElectionState: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// The next step.
  enum Step: Sendable, Equatable {
    /// Create the lease, since there is none.
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

/// The specification of a Lease (coordination.k8s.io/v1).
struct LeaseRecord: Sendable, Equatable {
  /// Empty when nobody leads.
  var holder: String
  /// Seconds for which the holder may be silent.
  var seconds: Int
  /// Number of changes from one holder to another.
  var transitions: Int
  /// Time of the last renewal by the clock of its holder; only compared with itself.
  var renewed: String
  var resourceVersion: String

  init(_ lease: KubernetesObject) {
    let spec = lease.tree["spec"]
    holder = spec?["holderIdentity"]?.string ?? ""
    seconds = spec?["leaseDurationSeconds"]?.int ?? 0
    transitions = spec?["leaseTransitions"]?.int ?? 0
    renewed = spec?["renewTime"]?.string ?? ""
    resourceVersion = lease.resourceVersion ?? ""
  }

  /// The fields of a lease that a candidate takes or keeps.
  static func spec(holder: String, seconds: Int, after old: LeaseRecord?, now: Timestamp) -> Value {
    var spec: Value = [
      "holderIdentity": .string(holder), "leaseDurationSeconds": Value(seconds),
      "renewTime": .string(now.microTime),
    ]
    if old?.holder != holder {
      spec["acquireTime"] = .string(now.microTime)
      spec["leaseTransitions"] = Value(old.map { $0.transitions + 1 } ?? 0)
    }
    return spec
  }

  /// The fields of a lease that its holder gives up.
  static func released(now: Timestamp) -> Value {
    ["holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": .string(now.microTime)]
  }
}
