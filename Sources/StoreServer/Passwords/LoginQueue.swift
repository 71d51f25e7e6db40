/// Connections that wait for a password to be checked, and the delays for wrong passwords.
///
/// One check is made at a time. Peers have their turns one after another, and so have the users of a peer. A wrong
/// password is answered the later, the more there were for the same user from the same peer; the right one is answered
/// at once in any case. The checks of a peer wait while it has had too many wrong passwords within the
/// last seconds, so that guessing over many connections gains nothing.
///
/// Pure: times come in as monotonic nanoseconds.
struct LoginQueue {
  /// A user as somebody of this machine, or of an address, claims to be.
  struct Claim: Hashable {
    /// The peer, as far as it matters for how often it may ask: a user of this machine, or an address.
    let peer: String
    let user: String
  }

  private struct Failures {
    var count = 0
    /// Time of the last of them.
    var last: UInt64 = 0
  }

  private static let second: UInt64 = 1_000_000_000
  /// Delay for the second wrong password; each further one doubles it.
  private static let firstDelay = second / 5
  private static let longestDelay = 5 * second
  /// Time without a wrong password after which the earlier ones are forgotten.
  private static let memory = 60 * second
  /// Claims whose failures are remembered.
  private static let rememberedClaims = 1024
  /// Wrong passwords within ``window`` after which more are not checked: of a user, and of all users of a peer.
  static let mostOfUser = 8
  static let mostOfPeer = 32
  static let window = 5 * second

  /// Connections that wait, by peer, each user's next one before the second one of any.
  private var waiting: [String: [(connection: UInt64, user: String)]] = [:]
  /// Peers that wait, the one served longest ago first.
  private var order: [String] = []
  private var failures: [Claim: Failures] = [:]
  /// The wrong passwords of the last seconds by peer, the oldest first.
  private var recent: [String: [(user: String, end: UInt64)]] = [:]

  var count: Int { waiting.values.reduce(0) { $0 + $1.count } }

  /// Claims whose wrong passwords are remembered.
  var rememberedFailures: Int { failures.count }

  mutating func add(_ connection: UInt64, for claim: Claim) {
    if waiting[claim.peer] == nil { order.append(claim.peer) }
    waiting[claim.peer, default: []].append((connection, claim.user))
  }

  /// Forgets a connection that has gone.
  mutating func remove(_ connection: UInt64, of claim: Claim) {
    waiting[claim.peer]?.removeAll { $0.connection == connection }
    dropIfEmpty(claim.peer)
  }

  /// Takes the connection whose password is to be checked now; nil when none may be.
  mutating func next(_ now: UInt64) -> UInt64? {
    forgetRecent(now)
    for (index, peer) in order.enumerated() {
      guard let entries = waiting[peer], let place = entries.firstIndex(where: { time(peer, $0.user) == 0 }) else {
        continue
      }
      let taken = entries[place]
      let others = entries[..<place] + entries[(place + 1)...]
      // Its other attempts wait until other users have had their turns.
      waiting[peer] = others.filter { $0.user != taken.user } + others.filter { $0.user == taken.user }
      order.append(order.remove(at: index))
      dropIfEmpty(peer)
      return taken.connection
    }
    return nil
  }

  /// Time at which ``next(_:)`` has something again, 0 for at once; nil when nobody waits.
  mutating func nextTime(_ now: UInt64) -> UInt64? {
    forgetRecent(now)
    var earliest: UInt64?
    for (peer, entries) in waiting {
      for user in Set(entries.map(\.user)) { earliest = min(earliest ?? .max, time(peer, user)) }
    }
    return earliest
  }

  /// Time from which the password of a user may be checked, 0 for at once.
  private func time(_ peer: String, _ user: String) -> UInt64 {
    guard let recent = recent[peer] else { return 0 }
    let ofUser = recent.filter { $0.user == user }
    let userTime = ofUser.count < Self.mostOfUser ? 0 : ofUser[ofUser.count - Self.mostOfUser].end
    let peerTime = recent.count < Self.mostOfPeer ? 0 : recent[recent.count - Self.mostOfPeer].end
    return max(userTime, peerTime)
  }

  private mutating func forgetRecent(_ now: UInt64) {
    for (peer, entries) in recent {
      guard let first = entries.first, first.end <= now else { continue }
      let rest = entries.filter { $0.end > now }
      recent[peer] = rest.isEmpty ? nil : rest
    }
  }

  private mutating func dropIfEmpty(_ peer: String) {
    guard waiting[peer]?.isEmpty == true else { return }
    waiting[peer] = nil
    order.removeAll { $0 == peer }
  }

  /// Notes the result of a check.
  ///
  /// - Returns: when it may be answered; the right password at once.
  mutating func finish(_ claim: Claim, isAccepted: Bool, _ now: UInt64) -> UInt64 {
    if isAccepted {
      failures[claim] = nil
      return now
    }
    if failures[claim] == nil, failures.count >= Self.rememberedClaims { forgetOldest(now) }
    var entry = failures[claim] ?? Failures()
    if now > entry.last + Self.memory { entry.count = 0 }
    let delay = entry.count == 0 ? 0 : min(Self.firstDelay << UInt64(min(entry.count - 1, 10)), Self.longestDelay)
    entry.count += 1
    entry.last = now
    failures[claim] = entry
    recent[claim.peer, default: []].append((claim.user, now + Self.window))
    return now + delay
  }

  private mutating func forgetOldest(_ now: UInt64) {
    failures = failures.filter { now <= $0.value.last + Self.memory }
    guard failures.count >= Self.rememberedClaims else { return }
    if let oldest = failures.min(by: { $0.value.last < $1.value.last }) { failures[oldest.key] = nil }
  }
}
