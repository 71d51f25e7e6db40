/// Times after which stores that share an etcd notice each other's absence.
public struct MembershipTiming: Sendable, Equatable {
  /// Time that a store counts as reachable without a sign of life; whole seconds, at least 2.
  public var lease: Duration = .seconds(4)
  /// Pause between two of the signs that released daemons expect.
  public var beat: Duration = .seconds(10)
  /// Absence after which what a store had is removed; for one without a lease, also silence after which it is absent.
  public var silence: Duration = .seconds(30)

  public init() {}

  /// Pause between two looks at who is absent.
  var tick: Duration { silence / 30 }
}
