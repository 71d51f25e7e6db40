import StoreProtocol

/// Counts and durations of requests, by type. Owned by the loop.
struct RequestMetrics {
  /// Upper bounds of the histogram buckets in nanoseconds: 1 µs to about 4 s, by powers of four.
  static let bounds: [UInt64] = (0..<12).map { 1000 << (2 * UInt64($0)) }

  struct Entry {
    var count: UInt64 = 0
    var errors: UInt64 = 0
    var nanoseconds: UInt64 = 0
    var buckets = [UInt64](repeating: 0, count: RequestMetrics.bounds.count)
  }

  private(set) var entries = [Entry](repeating: Entry(), count: RequestType.allCases.count)
  /// Messages that could not be dispatched.
  private(set) var malformed: UInt64 = 0

  mutating func record(_ index: Int, nanoseconds: UInt64, failed: Bool) {
    entries[index].count &+= 1
    entries[index].nanoseconds &+= nanoseconds
    if failed { entries[index].errors &+= 1 }
    // The bucket of d is the first bound 1000·4^k that is not below d.
    let units = (nanoseconds + 999) / 1000
    let bucket = units <= 1 ? 0 : (64 - (units - 1).leadingZeroBitCount + 1) / 2
    if bucket < Self.bounds.count { entries[index].buckets[bucket] &+= 1 }
  }

  mutating func recordMalformed() { malformed &+= 1 }
}
