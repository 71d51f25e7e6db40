/// A histogram of durations.
public struct DurationHistogram: Sendable {
  /// Upper bounds of the buckets in nanoseconds: 1 µs to about 4 s, by powers of four.
  public static let bounds: [UInt64] = (0..<12).map { 1000 << (2 * UInt64($0)) }

  public private(set) var count: UInt64 = 0
  /// Sum of all durations.
  public private(set) var nanoseconds: UInt64 = 0
  /// Number of durations above the bound before and not above this one.
  public private(set) var buckets = [UInt64](repeating: 0, count: bounds.count)

  public init() {}

  public mutating func record(nanoseconds duration: UInt64) {
    count &+= 1
    nanoseconds &+= duration
    // The bucket of d is the first bound 1000·4^k that is not below d.
    let units = (duration + 999) / 1000
    let bucket = units <= 1 ? 0 : (64 - (units - 1).leadingZeroBitCount + 1) / 2
    if bucket < Self.bounds.count { buckets[bucket] &+= 1 }
  }
}
