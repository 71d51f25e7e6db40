import StoreCore
import StoreProtocol
import Support

/// Metrics as lines of the log, in the form exporters of the original read: `<user> <label> <metric> <value>`.
struct MetricsLog {
  let user: String
  let log: Log

  private func line(_ label: String, _ metric: String, _ value: String) {
    log.info("\(user) \(label) \(metric) \(value)")
  }

  func connected(_ kind: ClientConnection.Kind, _ counts: (ipc: Int, rpc: Int)) {
    switch kind {
    case .ipc: line("0", "ipc_connection_total", "\(counts.ipc)")
    case .rpc: line("0", "rpc_connection_total", "\(counts.rpc)")
    }
  }

  /// The lines of one request; most types have none.
  func record(_ type: RequestType, nanoseconds: UInt64, _ store: Store) {
    let microseconds = "\(nanoseconds / 1000)"
    switch type {
    case .createBuffer, .createBuffers, .createRemoteBuffer, .createRemoteBuffers:
      line("0", "instances_memory_usage_bytes", "\(store.memory.used)")
    case .createData, .createDatas: data("create", microseconds)
    case .getData: data("get", microseconds)
    case .deleteData, .deleteDataWithFeedbacks:
      data("delete", microseconds)
      line("0", "instances_memory_usage_bytes", "\(store.memory.used)")
    default: break
    }
  }

  private func data(_ label: String, _ microseconds: String) {
    line(label, "data_request_duration_microseconds", microseconds)
    line(label, "data_requests_total", "1")
  }
}
