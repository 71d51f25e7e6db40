import HTTPEndpoint
import KubernetesClient
import Synchronization

/// Counts what the operator does.
final class OperatorMetrics: Sendable {
  private struct Call: Hashable {
    let verb: String
    let code: String
  }

  private struct State {
    var results: [String: (ok: UInt64, failed: UInt64)] = [:]
    var durations: [String: DurationHistogram] = [:]
    var calls: [Call: UInt64] = [:]
    var admissions: [String: UInt64] = [:]
    var queues: [String: WorkQueue<ObjectKey>] = [:]
    var isLeading = false
  }

  private let state = Mutex(State())

  func reconciled(_ controller: String, _ duration: Duration, failed: Bool) {
    state.withLock { state in
      if failed {
        state.results[controller, default: (0, 0)].failed += 1
      } else {
        state.results[controller, default: (0, 0)].ok += 1
      }
      state.durations[controller, default: DurationHistogram()].record(
        nanoseconds: UInt64(max(0, duration / .nanoseconds(1))))
    }
  }

  func called(_ exchange: KubernetesClient.Exchange) {
    let call = Call(verb: exchange.verb, code: exchange.status.map { String($0) } ?? "error")
    state.withLock { $0.calls[call, default: 0] += 1 }
  }

  /// - Parameter result: `allowed`, `denied`, `malformed`, or `placed` for a pod that prefers nodes now.
  func admitted(_ result: String) { state.withLock { $0.admissions[result, default: 0] += 1 } }

  func show(_ queue: WorkQueue<ObjectKey>, of controller: String) { state.withLock { $0.queues[controller] = queue } }

  func lead(_ isLeading: Bool) { state.withLock { $0.isLeading = isLeading } }

  /// The page that Prometheus reads.
  var page: String {
    state.withLock { state in
      var page = MetricsPage()
      page.single("vineyard_operator_leader", "gauge", "Whether this replica leads.", state.isLeading ? 1 : 0)
      Self.queues(state, &page)
      Self.reconciles(state, &page)
      page.family("vineyard_operator_api_calls_total", "counter", "Requests to the API server, by verb and status.")
      for (call, count) in state.calls.sorted(by: { ($0.key.verb, $0.key.code) < ($1.key.verb, $1.key.code) }) {
        page.sample(
          "vineyard_operator_api_calls_total", labels: "verb=\"\(call.verb)\",code=\"\(call.code)\"", "\(count)")
      }
      page.family("vineyard_operator_admissions_total", "counter", "Admission reviews answered, by result.")
      for (result, count) in state.admissions.sorted(by: { $0.key < $1.key }) {
        page.sample("vineyard_operator_admissions_total", labels: "result=\"\(result)\"", "\(count)")
      }
      return page.text
    }
  }

  private static func queues(_ state: State, _ page: inout MetricsPage) {
    let queues = state.queues.sorted { $0.key < $1.key }
    page.family("vineyard_operator_queue_depth", "gauge", "Objects that wait for a worker.")
    for (name, queue) in queues {
      page.sample("vineyard_operator_queue_depth", labels: "controller=\"\(name)\"", "\(queue.depth)")
    }
    page.family("vineyard_operator_queue_adds_total", "counter", "Times that work on an object was asked for.")
    for (name, queue) in queues {
      page.sample("vineyard_operator_queue_adds_total", labels: "controller=\"\(name)\"", "\(queue.counts.adds)")
    }
  }

  private static func reconciles(_ state: State, _ page: inout MetricsPage) {
    page.family("vineyard_operator_reconciles_total", "counter", "Reconciliations, by controller and result.")
    for (name, result) in state.results.sorted(by: { $0.key < $1.key }) {
      for (label, count) in [("ok", result.ok), ("failed", result.failed)] {
        let labels = "controller=\"\(name)\",result=\"\(label)\""
        page.sample("vineyard_operator_reconciles_total", labels: labels, "\(count)")
      }
    }
    let family = "vineyard_operator_reconcile_seconds"
    page.family(family, "histogram", "Time that reconciliations took, by controller.")
    for (name, durations) in state.durations.sorted(by: { $0.key < $1.key }) {
      page.histogram(family, labels: "controller=\"\(name)\"", durations)
    }
  }
}
