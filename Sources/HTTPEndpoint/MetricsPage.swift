/// Writes metrics in the text format of Prometheus (exposition format 0.0.4).
public struct MetricsPage {
  public private(set) var text = ""

  public init() {}

  /// Starts a family of samples; `type` is gauge, counter or histogram.
  public mutating func family(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  /// One sample; `labels` is empty or like `kind="ipc"`.
  public mutating func sample(_ name: String, labels: String = "", _ value: String) {
    text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  /// A family of one sample.
  public mutating func single(_ name: String, _ type: String, _ help: String, _ value: UInt64) {
    family(name, type, help)
    sample(name, "\(value)")
  }

  /// The buckets, sum and count of a histogram whose family was started.
  public mutating func histogram(_ name: String, labels: String, _ durations: DurationHistogram) {
    var cumulative: UInt64 = 0
    let others = labels.isEmpty ? "" : "\(labels),"
    for (bound, count) in zip(DurationHistogram.bounds, durations.buckets) {
      cumulative += count
      sample("\(name)_bucket", labels: "\(others)le=\"\(Self.seconds(bound))\"", "\(cumulative)")
    }
    sample("\(name)_bucket", labels: "\(others)le=\"+Inf\"", "\(durations.count)")
    sample("\(name)_sum", labels: labels, Self.seconds(durations.nanoseconds))
    sample("\(name)_count", labels: labels, "\(durations.count)")
  }

  /// Nanoseconds as seconds.
  public static func seconds(_ nanoseconds: UInt64) -> String {
    let fraction = String(nanoseconds % 1_000_000_000)
    return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
  }
}

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
