/// Who waits for a password to be checked, and when that may be done.
///
/// Every peer has its turn after the others, and after each wrong password it waits longer for the next check. Pure:
/// times come in as monotonic nanoseconds.
struct LoginQueue {
  private struct Failures {
    var count = 0
    /// When the next password of this peer may be checked.
    var end: UInt64 = 0
  }

  private static let second: UInt64 = 1_000_000_000
  /// What the second wrong password costs; each further one doubles it.
  private static let firstDelay = second / 5
  private static let longestDelay = 5 * second
  /// After this time without a wrong password they are forgotten.
  private static let memory = 60 * second
  /// Peers whose failures are remembered.
  private static let rememberedPeers = 1024

  /// Connections that wait, by peer, in the order they came.
  private var waiting: [String: [UInt64]] = [:]
  /// Peers that wait, the one served longest ago first.
  private var order: [String] = []
  private var failures: [String: Failures] = [:]

  var count: Int { waiting.values.reduce(0) { $0 + $1.count } }

  /// Peers whose wrong passwords are remembered.
  var rememberedFailures: Int { failures.count }

  mutating func add(_ connection: UInt64, from peer: String) {
    if waiting[peer] == nil { order.append(peer) }
    waiting[peer, default: []].append(connection)
  }

  /// Forgets a connection that has gone.
  mutating func remove(_ connection: UInt64, from peer: String) {
    waiting[peer]?.removeAll { $0 == connection }
    dropIfEmpty(peer)
  }

  /// Takes the connection whose password is to be checked now; nil when none may be.
  mutating func next(_ now: UInt64) -> UInt64? {
    guard let index = order.firstIndex(where: { (failures[$0]?.end ?? 0) <= now }) else { return nil }
    let peer = order.remove(at: index)
    guard let connection = waiting[peer]?.removeFirst() else { return nil }
    order.append(peer)
    dropIfEmpty(peer)
    return connection
  }

  private mutating func dropIfEmpty(_ peer: String) {
    guard waiting[peer]?.isEmpty == true else { return }
    waiting[peer] = nil
    order.removeAll { $0 == peer }
  }

  /// When ``next(_:)`` has something again; nil when nobody waits.
  var nextTime: UInt64? { order.map { failures[$0]?.end ?? 0 }.min() }

  /// Notes what a check found.
  mutating func finish(_ peer: String, isAccepted: Bool, _ now: UInt64) {
    if isAccepted {
      failures[peer] = nil
      return
    }
    if failures.count >= Self.rememberedPeers { forgetOldest(now) }
    var entry = failures[peer] ?? Failures()
    if now > entry.end + Self.memory { entry.count = 0 }
    entry.count += 1
    entry.end = now + min(Self.firstDelay << UInt64(min(entry.count - 1, 10)), Self.longestDelay)
    failures[peer] = entry
  }

  private mutating func forgetOldest(_ now: UInt64) {
    failures = failures.filter { now <= $0.value.end + Self.memory }
    guard failures.count >= Self.rememberedPeers else { return }
    if let oldest = failures.min(by: { $0.value.end < $1.value.end }) { failures[oldest.key] = nil }
  }
}
