import HTTPEndpoint
import Synchronization

/// Counts and durations of calls, by method.
final class CallMetrics: Sendable {
  private struct Entry {
    var codes: [String: UInt64] = [:]
    var durations = DurationHistogram()
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var running: UInt64 = 0
  }

  private let state = Mutex(State())

  func begin() { state.withLock { $0.running += 1 } }

  /// - Parameter code: how the call ended, in the words of gRPC: OK, NOT_FOUND, …
  func end(_ method: String, code: String, nanoseconds: UInt64) {
    state.withLock { state in
      state.running -= 1
      state.entries[method, default: Entry()].codes[code, default: 0] += 1
      state.entries[method, default: Entry()].durations.record(nanoseconds: nanoseconds)
    }
  }

  /// The text of `/metrics`.
  var text: String {
    let (entries, running) = state.withLock { ($0.entries.sorted { $0.key < $1.key }, $0.running) }
    var page = MetricsPage()
    page.single("vineyard_csi_calls_running", "gauge", "Calls being answered.", running)
    page.family("vineyard_csi_calls_total", "counter", "Calls answered, by method and gRPC status.")
    for (method, entry) in entries {
      for (code, count) in entry.codes.sorted(by: { $0.key < $1.key }) {
        page.sample("vineyard_csi_calls_total", labels: "method=\"\(method)\",code=\"\(code)\"", "\(count)")
      }
    }
    let name = "vineyard_csi_call_duration_seconds"
    page.family(name, "histogram", "Time from the request to the answer, by method.")
    for (method, entry) in entries { page.histogram(name, labels: "method=\"\(method)\"", entry.durations) }
    return page.text
  }
}
