import HTTPEndpoint
import KubernetesClient
import Support

extension Operator {
  /// Opens the ports that are asked for.
  ///
  /// - Throws: `CommandError` when one cannot be had; then none is open.
  func listen() throws(CommandError) -> [HTTPEndpoint] {
    var endpoints: [HTTPEndpoint] = []
    do throws(CommandError) {
      if let endpoint = try listenForProbes() { endpoints.append(endpoint) }
      let served = configuration.certificateDirectory.map { directory in
        ServedCertificate(CertificateFiles(directory: directory), log: log)
      }
      if let endpoint = try listenForReviews(served) { endpoints.append(endpoint) }
      if let endpoint = try listenForMetrics(served) { endpoints.append(endpoint) }
    } catch {
      for endpoint in endpoints { endpoint.stop() }
      throw error
    }
    return endpoints
  }

  private func listenForProbes() throws(CommandError) -> HTTPEndpoint? {
    guard let address = configuration.health else { return nil }
    let health = health
    let endpoint = try HTTPEndpoint(address, flag: "--health-probe-bind-address") { request, answer in
      answer(health.answer(request))
    }
    log.info("health is served on port \(endpoint.port)")
    return endpoint
  }

  private func listenForReviews(_ served: ServedCertificate?) throws(CommandError) -> HTTPEndpoint? {
    guard let address = configuration.webhook, let served else { return nil }
    health.require("webhook") { served.context == nil ? "there is no certificate yet" : nil }
    let tls: HTTPEndpoint.TLS = { served.context }
    let webhook = AdmissionWebhook(metrics: metrics, log: log)
    let endpoint = try HTTPEndpoint(
      address, flag: "--webhook-bind-address", bodyLimit: AdmissionWebhook.bodyLimit, tls: tls
    ) { request, answer in
      answer(webhook.answer(request))
    }
    log.info("resources are admitted on port \(endpoint.port)")
    return endpoint
  }

  private func listenForMetrics(_ served: ServedCertificate?) throws(CommandError) -> HTTPEndpoint? {
    guard let address = configuration.metrics else { return nil }
    guard let client, let served else {
      throw CommandError(
        .usage, "metrics without \(served == nil ? "a certificate" : "access to the API server")",
        cause: "nobody could tell who may read them", hint: "switch them off with --metrics-bind-address=0")
    }
    let tls: HTTPEndpoint.TLS = { served.context }
    let server = MetricsServer(metrics: metrics, access: MetricsAccess(client: client), log: log)
    let endpoint = try HTTPEndpoint(
      address, flag: "--metrics-bind-address", tls: tls
    ) { request, answer in
      Task { answer(await server.answer(request)) }
    }
    log.info("metrics are served on port \(endpoint.port) at /metrics")
    return endpoint
  }
}
