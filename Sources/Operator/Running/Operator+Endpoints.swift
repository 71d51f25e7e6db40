import HTTPEndpoint
import KubernetesClient
import Logging
import Support
import Synchronization

extension Operator {
  /// Opens the ports for probes and metrics, as they are asked for.
  ///
  /// - Throws: `ProgramError` when one cannot be had; then none is open.
  func listen(
    _ files: CertificateFiles?, _ placement: PlacementWebhook?
  ) throws(ProgramError) -> [HTTPEndpoint] {
    var endpoints: [HTTPEndpoint] = []
    do throws(ProgramError) {
      if let endpoint = try listenForProbes() { endpoints.append(endpoint) }
      if let endpoint = try listenForMetrics(files, placement) { endpoints.append(endpoint) }
    } catch {
      for endpoint in endpoints { endpoint.stop() }
      throw error
    }
    return endpoints
  }

  private func listenForProbes() throws(ProgramError) -> HTTPEndpoint? {
    guard let address = configuration.health else { return nil }
    let health = health
    let endpoint = try HTTPEndpoint(address, flag: "--health-probe-bind-address") { request, respond in
      respond(health.respond(to: request))
    }
    log.info("health is served on port \(endpoint.port)")
    return endpoint
  }

  private func listenForMetrics(
    _ files: CertificateFiles?, _ placement: PlacementWebhook?
  ) throws(ProgramError) -> HTTPEndpoint? {
    guard let address = configuration.metrics else { return nil }
    guard let client, let files else {
      throw ProgramError(
        .usage, "metrics without \(files == nil ? "a certificate" : "access to the API server")",
        cause: "nobody could tell who may read them", hint: "switch them off with --metrics-bind-address=0")
    }
    let gate = AccessGate(client: client, path: "/metrics", log: log)
    let metrics = metrics
    let deletion = DeletionGuard(client: client, log: log)
    let endpoint = try HTTPEndpoint(
      address, flag: "--metrics-bind-address", bodyLimit: AdmissionService.bodyLimit, tls: files.context
    ) { request, respond in
      if let respondToReview = deletion.handler(of: request) {
        Task { respond(await respondToReview()) }
        return
      }
      if let placement, request.path == PlacementWebhook.path {
        let (response, result) = placement.respond(to: request)
        metrics.admitted(result)
        return respond(response)
      }
      guard request.isRead else { return respond(.methodNotAllowed) }
      guard request.path == "/metrics" else { return respond(HTTPEndpoint.Response(status: 404, "try /metrics\n")) }
      Task { respond(await gate.refusal(of: request) ?? HTTPEndpoint.Response(metrics.page)) }
    }
    log.info("metrics are served on port \(endpoint.port) at /metrics")
    return endpoint
  }
}

/// Liveness and readiness for probes.
final class Health: Sendable {
  /// Says what is missing; nil when nothing is.
  typealias Check = @Sendable () -> String?

  private let checks = Mutex<[String: Check]>([:])

  /// Makes readiness depend on something, under a name.
  func require(_ name: String, _ check: @escaping Check) { checks.withLock { $0[name] = check } }

  /// Readiness no longer depends on it.
  func waive(_ name: String) { checks.withLock { $0[name] = nil } }

  /// The process answers, so it lives; it is ready when nothing is missing.
  func respond(to request: HTTPEndpoint.Request) -> HTTPEndpoint.Response {
    guard request.isRead else { return .methodNotAllowed }
    switch request.path {
    case "/healthz": return .ok
    case "/readyz":
      let checks = checks.withLock { $0 }
      let missing = checks.sorted { $0.key < $1.key }.compactMap { name, check in check().map { "\(name): \($0)\n" } }
      return missing.isEmpty
        ? .ok : HTTPEndpoint.Response(status: 503, missing.joined())
    default: return HTTPEndpoint.Response(status: 404, "try /healthz or /readyz\n")
    }
  }
}
