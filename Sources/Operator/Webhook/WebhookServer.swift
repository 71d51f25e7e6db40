import HTTPEndpoint
import Logging
import ServiceLifecycle
import Support

/// Admits custom resources over HTTPS. It needs a certificate and nothing else.
struct WebhookServer: Service {
  private let address: ListenAddress
  private let files: CertificateFiles
  private let observe: @Sendable (String) -> Void
  private let log: Logger
  private let service = AdmissionService()

  /// Time for which it goes on serving when it is to end, since API servers hear later that it is going.
  private static let grace: Duration = .seconds(3)

  /// - Parameter observe: is called with each result: `allowed`, `denied` or `malformed`.
  init(
    _ address: ListenAddress, files: CertificateFiles, log: Logger,
    observe: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.address = address
    self.files = files
    self.log = log
    self.observe = observe
  }

  /// Serves until it is told to end, and a little longer.
  ///
  /// - Throws: `ProgramError` when the address cannot be had.
  func run() async throws {
    let endpoint = try HTTPEndpoint(
      address, flag: "--webhook-bind-address", bodyLimit: AdmissionService.bodyLimit, tls: files.context
    ) { request, respond in
      let (response, result) = service.respond(method: request.method, path: request.path, body: request.body)
      if result != .allowed { log.info("\(request.path): \(result.rawValue)") }
      observe(result.rawValue)
      respond(response)
    }
    log.info("resources are admitted on port \(endpoint.port)")
    try? await gracefulShutdown()
    log.info("stopping: reviews are answered for another \(Self.grace)")
    await endpoint.stop(after: Self.grace)
  }
}
