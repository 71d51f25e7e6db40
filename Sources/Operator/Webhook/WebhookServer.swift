import HTTPEndpoint
import Support

/// Admits custom resources over HTTPS. It needs a certificate and nothing else.
struct WebhookServer: Sendable {
  private let address: ListenAddress
  private let files: CertificateFiles
  private let observe: @Sendable (String) -> Void
  private let log: Log
  private let service = AdmissionService()

  /// How long it goes on after it was told to stop, since API servers hear later that it is going.
  private static let farewell: Duration = .seconds(3)

  /// - Parameter observe: is told of each answer: `allowed`, `denied` or `malformed`.
  init(
    _ address: ListenAddress, files: CertificateFiles, log: Log,
    observe: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.address = address
    self.files = files
    self.log = log
    self.observe = observe
  }

  /// Serves until the task is cancelled, and a little longer.
  ///
  /// - Throws: `CommandError` when the address cannot be had; `CancellationError`.
  func run() async throws {
    let endpoint = try HTTPEndpoint(
      address, flag: "--webhook-bind-address", bodyLimit: AdmissionService.bodyLimit, tls: files.context
    ) { request, answer in
      let (reply, outcome) = service.answer(method: request.method, path: request.path, body: request.body)
      if outcome != .allowed { log.info("\(request.path): \(outcome.rawValue)") }
      observe(outcome.rawValue)
      answer(reply)
    }
    log.info("resources are admitted on port \(endpoint.port)")
    do {
      while true { try await Task.sleep(for: .seconds(1 << 30)) }
    } catch {
      log.info("stopping: reviews are answered for another \(Self.farewell)")
      await endpoint.stop(after: Self.farewell)
      throw error
    }
  }
}
