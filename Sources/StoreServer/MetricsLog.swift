import Logging
import StoreCore
import StoreProtocol
import Support

/// Metrics as lines of the log, in the form exporters of the original read: `<user> <label> <metric> <value>`.
struct MetricsLog {
  let user: String
  let log: Logger

  private func line(_ label: String, _ metric: String, _ value: String) {
    log.info("\(user) \(label) \(metric) \(value)")
  }

  func connected(_ kind: Connection.Kind, _ counts: (ipc: Int, rpc: Int)) {
    switch kind {
    case .ipc: line("0", "ipc_connection_total", "\(counts.ipc)")
    case .rpc: line("0", "rpc_connection_total", "\(counts.rpc)")
    }
  }

  /// The lines of one request; most types have none.
  func record(_ lines: RequestDescriptor.LogLines, nanoseconds: UInt64, _ store: Store) {
    switch lines {
    case .none: break
    case .memory: memory(store)
    case .data(let label): data(label, "\(nanoseconds / 1000)")
    case .dataAndMemory(let label):
      data(label, "\(nanoseconds / 1000)")
      memory(store)
    }
  }

  private func memory(_ store: Store) { line("0", "instances_memory_usage_bytes", "\(store.memory.used)") }

  private func data(_ label: StaticString, _ microseconds: String) {
    let label = "\(label)"
    line(label, "data_request_duration_microseconds", microseconds)
    line(label, "data_requests_total", "1")
  }
}
