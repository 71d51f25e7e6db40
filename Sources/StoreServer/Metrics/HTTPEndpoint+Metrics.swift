import HTTPEndpoint
import Support

extension HTTPEndpoint {
  /// The server of the store's `/metrics`, `/healthz` and `/readyz`.
  ///
  /// It asks the loop for the text, so that the loop needs no locks.
  ///
  /// - Parameter source: produces the metrics text and hands it to the closure, on any thread.
  convenience init(
    metricsPort port: UInt16, source: @escaping @Sendable (@escaping @Sendable (String) -> Void) -> Void
  ) throws(CommandError) {
    try self.init(ListenAddress(host: "0.0.0.0", port: Int(port)), for: "--metrics_port") { request, answer in
      guard request.isRead else { return answer(.onlyReads) }
      switch request.path {
      case "/metrics": source { answer(.metrics($0)) }
      case "/healthz", "/readyz": answer(Response(200, "ok\n"))
      default: answer(Response(404, "try /metrics\n"))
      }
    }
  }
}
