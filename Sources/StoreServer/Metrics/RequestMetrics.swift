import HTTPEndpoint
import StoreProtocol

/// Counts and durations of requests, by type. Owned by the loop.
struct RequestMetrics {
  struct Entry {
    var errors: UInt64 = 0
    var durations = DurationHistogram()
  }

  private(set) var entries = [Entry](repeating: Entry(), count: RequestType.allCases.count)
  /// Messages that could not be dispatched.
  private(set) var malformed: UInt64 = 0

  mutating func record(_ index: Int, nanoseconds: UInt64, failed: Bool) {
    entries[index].durations.record(nanoseconds: nanoseconds)
    if failed { entries[index].errors &+= 1 }
  }

  mutating func recordMalformed() { malformed &+= 1 }
}

extension MetricsPage {
  /// Requests and their durations, for the types that were seen.
  mutating func requests(_ metrics: RequestMetrics) {
    let seen = zip(RequestType.allCases, metrics.entries).filter { $0.1.durations.count > 0 }
    family("vineyard_requests_total", "counter", "Requests answered, by type.")
    for (type, entry) in seen {
      sample("vineyard_requests_total", labels: "type=\"\(type.rawValue)\"", "\(entry.durations.count)")
    }
    family("vineyard_request_errors_total", "counter", "Requests answered with an error, by type.")
    for (type, entry) in seen {
      sample("vineyard_request_errors_total", labels: "type=\"\(type.rawValue)\"", "\(entry.errors)")
    }
    single(
      "vineyard_malformed_requests_total", "counter", "Messages that are not a request of the protocol.",
      metrics.malformed)
    let name = "vineyard_request_duration_seconds"
    family(name, "histogram", "Time the daemon spent on a request, without waiting, by type.")
    for (type, entry) in seen { histogram(name, labels: "type=\"\(type.rawValue)\"", entry.durations) }
  }
}
