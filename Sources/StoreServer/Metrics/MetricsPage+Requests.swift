import HTTPEndpoint
import StoreProtocol

extension MetricsPage {
  /// Requests and their durations, for the types that were seen.
  mutating func requests(_ metrics: RequestMetrics) {
    let seen = zip(RequestType.allCases, metrics.entries).filter { $0.1.count > 0 }
    family("vineyard_requests_total", "counter", "Requests answered, by type.")
    for (type, entry) in seen {
      sample("vineyard_requests_total", labels: "type=\"\(type.rawValue)\"", "\(entry.count)")
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
    for (type, entry) in seen {
      let label = "type=\"\(type.rawValue)\""
      var cumulative: UInt64 = 0
      for (bound, count) in zip(RequestMetrics.bounds, entry.buckets) {
        cumulative += count
        sample("\(name)_bucket", labels: "\(label),le=\"\(Self.seconds(bound))\"", "\(cumulative)")
      }
      sample("\(name)_bucket", labels: "\(label),le=\"+Inf\"", "\(entry.count)")
      sample("\(name)_sum", labels: label, Self.seconds(entry.nanoseconds))
      sample("\(name)_count", labels: label, "\(entry.count)")
    }
  }
}
