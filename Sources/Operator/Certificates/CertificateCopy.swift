import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// Copies the webhook's certificate from its Secret into a directory, for the container beside this one that may not
/// ask the API server. Every replica does.
struct CertificateCopy: Sendable {
  private let client: KubernetesClient
  private let secret: ObjectReference
  private let directory: CertificateDirectory
  private let log: Logger

  /// - Parameters:
  ///   - namespace: of the operator.
  ///   - directory: gets `tls.crt` and `tls.key`.
  init(client: KubernetesClient, namespace: String, directory: String, log: Logger) {
    self.client = client
    secret = Manifests.operatorCertificate(in: namespace).reference
    self.directory = CertificateDirectory(path: directory)
    self.log = log
  }

  /// Works until the task is cancelled. A Secret that is gone leaves the files: the leader makes another one.
  ///
  /// - Throws: `CancellationError`.
  func run() async throws {
    let informer = Informer(secret)
    let (events, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await informer.run(client, log: log) { _ in wake.yield() } }
      group.addTask {
        for await _ in events {
          guard let live = informer.all.first, let certificate = Self.bytes("tls.crt", live),
            let key = Self.bytes("tls.key", live)
          else { continue }
          do throws(ProgramError) {
            if try directory.write(certificate: certificate, key: key) {
              log.info("the webhook's certificate is in \(directory.path)")
            }
          } catch {
            // Without the files there is no admission, so this is tried until it works.
            log.error("the webhook's certificate cannot be written, trying again: \(error)")
            try await Task.sleep(for: .seconds(5))
            wake.yield()
          }
        }
      }
      defer { group.cancelAll() }
      try await group.next()
      try Task.checkCancellation()
    }
  }

  private static func bytes(_ key: String, _ secret: KubernetesObject) -> [UInt8]? {
    guard let bytes = secret.tree["data"]?[key]?.string.flatMap({ Base64.decode($0) }), !bytes.isEmpty else {
      return nil
    }
    return bytes
  }
}
