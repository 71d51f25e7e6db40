import HTTPEndpoint
import Support

/// Serves `/metrics` to those who may read it.
struct MetricsServer: Sendable {
  let metrics: OperatorMetrics
  let access: MetricsAccess
  let log: Log

  func answer(_ request: HTTPEndpoint.Request) async -> HTTPEndpoint.Answer {
    guard request.isRead else { return .onlyReads }
    guard request.path == "/metrics" else { return HTTPEndpoint.Answer(status: 404, "try /metrics\n") }
    do {
      switch try await access.check(request.header("Authorization")) {
      case .allowed: return HTTPEndpoint.Answer(metrics.page)
      case .unknown: return HTTPEndpoint.Answer(status: 401, "a bearer token of the cluster is needed\n")
      case .forbidden(let user): return HTTPEndpoint.Answer(status: 403, "\(user) may not get /metrics\n")
      }
    } catch {
      log.warning("nobody can tell who may read the metrics: \(error)")
      return HTTPEndpoint.Answer(status: 503, "the API server does not tell who may read this\n")
    }
  }
}
