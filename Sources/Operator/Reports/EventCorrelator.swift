/// Keeps events from becoming a storm: the same one again is counted, and an object has only so many in a while.
/// Time is an argument.
struct EventCorrelator: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Identity of an event: the same key again is the same event.
  struct Key: Hashable, Sendable {
    let uid: String
    let reason: String
    let message: String
  }

  /// Treatment of an event.
  enum Decision: Sendable, Equatable {
    case create
    /// Another occurrence of an event written under this name, with the number of occurrences.
    case repeated(name: String, count: Int)
    case drop
  }

  private struct Written {
    var name: String
    var count: Int
    var last: Instant
  }

  private struct Bucket {
    var tokens: Double
    var filled: Instant
  }

  /// Events that an object may have at once.
  private static let burst = 25.0
  /// One more each so often, in seconds (both as client-go has them).
  private static let refill = 300.0
  /// Time for which an event counts as the same.
  private static let memory: Duration = .seconds(600)
  /// Limit of remembered events, and of remembered objects (client-go's).
  static let limit = 4096

  /// Number of remembered events and objects.
  var count: Int { written.count + buckets.count }

  private var written: [Key: Written] = [:]
  private var buckets: [String: Bucket] = [:]

  /// - Parameter name: of the event, if it is created.
  mutating func decide(_ key: Key, name: String, at now: Instant) -> Decision {
    forgetOld(at: now)
    guard takeToken(key.uid, at: now) else { return .drop }
    if var old = written[key] {
      old.count += 1
      old.last = now
      written[key] = old
      return .repeated(name: old.name, count: old.count)
    }
    written[key] = Written(name: name, count: 1, last: now)
    return .create
  }

  private mutating func takeToken(_ uid: String, at now: Instant) -> Bool {
    var bucket = buckets[uid] ?? Bucket(tokens: Self.burst, filled: now)
    let passed = (now - bucket.filled) / .seconds(1)
    bucket.tokens = min(Self.burst, bucket.tokens + passed / Self.refill)
    bucket.filled = now
    let isFree = bucket.tokens >= 1
    if isFree { bucket.tokens -= 1 }
    buckets[uid] = bucket
    return isFree
  }

  /// Makes room, for so many that the next time is far.
  private mutating func forgetOld(at now: Instant) {
    if written.count >= Self.limit {
      written = written.filter { now - $0.value.last < Self.memory }
      Self.keepLatestHalf(&written, by: \.last)
    }
    if buckets.count >= Self.limit {
      buckets = buckets.filter { (now - $0.value.filled) / .seconds(1) < Self.burst * Self.refill }
      Self.keepLatestHalf(&buckets, by: \.filled)
    }
  }

  private static func keepLatestHalf<Key, Entry>(_ entries: inout [Key: Entry], by time: (Entry) -> Instant) {
    guard entries.count > limit / 2 else { return }
    let latest = entries.sorted { time($0.value) > time($1.value) }.prefix(limit / 2)
    entries = Dictionary(uniqueKeysWithValues: latest.map { ($0.key, $0.value) })
  }
}
