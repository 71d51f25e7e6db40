/// Cache of decisions on bearer tokens, each valid for a short time. Time is an argument.
struct AccessDecisions<Token: Hashable & Sendable>: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Verdict of the API server on a token.
  enum Decision: Sendable, Equatable {
    case allowed
    case unknown
    /// It belongs to somebody who may not.
    case forbidden(String)
  }

  /// Lifetime of a permission; a revoked token works for that much longer.
  static var trust: Duration { .seconds(60) }
  /// Lifetime of a refusal: short, since somebody may be waiting for a right just granted.
  static var distrust: Duration { .seconds(10) }
  /// Tokens remembered, so that invented ones cannot fill the memory.
  static var capacity: Int { 256 }

  private var entries: [Token: (decision: Decision, end: Instant)] = [:]

  init() {}

  var count: Int { entries.count }

  func decision(on token: Token, now: Instant) -> Decision? {
    guard let entry = entries[token], now < entry.end else { return nil }
    return entry.decision
  }

  mutating func note(_ decision: Decision, on token: Token, now: Instant) {
    if entries.count >= Self.capacity, entries[token] == nil { makeRoom(now) }
    entries[token] = (decision, now + (decision == .allowed ? Self.trust : Self.distrust))
  }

  private mutating func makeRoom(_ now: Instant) {
    entries = entries.filter { now < $0.value.end }
    if entries.count < Self.capacity { return }
    // Whoever is let in should stay in when somebody tries many tokens.
    let victim = entries.first { $0.value.decision != .allowed } ?? entries.first
    if let victim { entries[victim.key] = nil }
  }
}
