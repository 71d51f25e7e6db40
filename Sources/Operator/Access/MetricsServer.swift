import HTTPEndpoint
import KubernetesClient
import Support

/// Serves `/metrics` over TLS, to those whom the API server lets read it.
struct MetricsServer: Sendable {
  private let endpoint: HTTPEndpoint

  /// - Parameters:
  ///   - page: makes the text.
  /// - Throws: `CommandError` when the address cannot be had.
  init(
    _ address: ListenAddress, files: CertificateFiles, client: KubernetesClient, log: Log,
    page: @escaping @Sendable () -> String
  ) throws(CommandError) {
    let gate = AccessGate(client: client, path: "/metrics", log: log)
    endpoint = try HTTPEndpoint(address, flag: "--metrics-bind-address", tls: files.context) { request, answer in
      guard request.isRead else { return answer(.onlyReads) }
      guard request.path == "/metrics" else { return answer(HTTPEndpoint.Answer(status: 404, "try /metrics\n")) }
      Task { answer(await gate.refusal(of: request) ?? HTTPEndpoint.Answer(page())) }
    }
    log.info("metrics are served on port \(endpoint.port) at /metrics")
  }

  func stop() { endpoint.stop() }
}
