import Deployer
import Documents
import KubernetesClient
import Support
import Synchronization

/// The webhook's certificate in this replica: followed by all, kept by the leader.
struct Certificates: Sendable {
  let secret: CertificateSecret
  let files: CertificateFiles
  let lifetime: TimeSpan
  let metrics: OperatorMetrics
  let log: Log
  private let secrets: Informer
  private let written = Written()

  /// What the leader's share of readiness is.
  private final class Written: Sendable {
    let certificate = Mutex<String?>(nil)
    let keeper = Mutex<CertificateKeeper?>(nil)
  }

  init(namespace: String, directory: String, lifetime: TimeSpan, metrics: OperatorMetrics, log: Log) {
    secret = CertificateSecret(namespace: namespace)
    files = CertificateFiles(directory: directory)
    self.lifetime = lifetime
    self.metrics = metrics
    self.log = log
    secrets = Informer(.secret, namespace: namespace, fields: "metadata.name=\(secret.reference.name)")
  }

  /// What is missing; nil when the webhook can be called.
  var missing: String? {
    guard written.certificate.withLock({ $0 }) != nil else { return "there is no certificate yet" }
    if let keeper = written.keeper.withLock({ $0 }), !keeper.isTrusted {
      return "the API server does not trust the certificate yet"
    }
    return nil
  }

  /// Writes the certificate of the Secret into files whenever it changes. The work of every replica.
  func follow(_ client: KubernetesClient) async throws {
    try await secrets.run(client, log: log) { change in
      written.keeper.withLock { $0 }?.queue.add(CertificateKeeper.key)
      if let certificate = change.new.flatMap({ CertificateSecret.certificate(in: $0) }) { handOn(certificate) }
    }
  }

  private func handOn(_ certificate: ServingCertificate) {
    do throws(CommandError) {
      try files.write(certificate)
      written.certificate.withLock { $0 = certificate.certificate }
    } catch {
      log.error("the webhook's certificate cannot be handed on: \(error)")
    }
  }

  /// Makes and renews the certificate, until the task is cancelled or the lead is lost.
  func keep(_ writer: Writer) async throws {
    let configurations = [
      (ObjectType.mutatingWebhooks, "vineyard-mutating-webhook-configuration"),
      (ObjectType.validatingWebhooks, "vineyard-validating-webhook-configuration"),
    ].map { Informer($0, fields: "metadata.name=\($1)") }
    let queue = WorkQueue<ObjectKey>(backOff: BackOff(first: .milliseconds(100), longest: .seconds(20)))
    let keeper = CertificateKeeper(
      writer: writer, secret: secret, lifetime: lifetime, secrets: secrets, configurations: configurations,
      queue: queue, handOn: handOn, log: log, now: { .now() })
    written.keeper.withLock { $0 = keeper }
    defer { written.keeper.withLock { $0 = nil } }
    let controller = Controller(
      name: "certificate", queue: queue, workers: 1, metrics: metrics, log: log,
      reconcile: { _ in try await keeper.reconcile() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      for informer in configurations {
        group.addTask {
          try await informer.run(writer.client, log: log) { _ in queue.add(CertificateKeeper.key) }
        }
      }
      for informer in configurations + [secrets] { try await informer.waitUntilSynced() }
      queue.add(CertificateKeeper.key)
      group.addTask { try await controller.run() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
