import Deployer
import Documents
import KubernetesClient
import Support

/// Makes the webhook's certificate, renews it in time and tells the API server whom to trust. The leader's work.
///
/// A new authority is trusted before anybody shows a certificate of it, and the old one stays trusted.
struct CertificateKeeper: Sendable {
  let writer: Writer
  let secret: CertificateSecret
  let lifetime: TimeSpan
  /// The Secret, which every replica follows.
  let secrets: Informer
  let configurations: [Informer]
  let queue: WorkQueue<ObjectKey>
  /// Is told of a certificate that this replica has stored.
  let handOn: @Sendable (ServingCertificate) -> Void
  let log: Log
  let now: @Sendable () -> Timestamp

  /// The one thing to work on.
  static let key = ObjectKey(name: "certificate")

  /// No sleep is longer, in case the wall clock is set.
  private static let longestSleep: Duration = .seconds(12 * 3600)

  func reconcile() async throws {
    let live = secrets[ObjectKey(secret.reference)]
    let current = live.flatMap { CertificateSecret.certificate(in: $0) }
    let certificate: ServingCertificate
    if let current, current.serves(secret.names, at: now()) {
      certificate = current
      try await trust(certificate)
    } else {
      certificate = try ServingCertificate.make(
        names: secret.names, lifetime: lifetime, after: current, now: now())
      try await trust(certificate)
      try await store(certificate, over: live)
      handOn(certificate)
      log.info("the webhook's certificate is \(live == nil ? "made" : "renewed"), valid until \(certificate.notAfter)")
    }
    let rest = Duration.milliseconds(max(0, certificate.renewal.milliseconds - now().milliseconds) + 10)
    queue.add(Self.key, after: min(rest, Self.longestSleep))
  }

  /// Whether the API server trusts what is served; a configuration that is not there trusts nobody.
  var isTrusted: Bool {
    guard let live = secrets[ObjectKey(secret.reference)],
      let certificate = CertificateSecret.certificate(in: live)
    else { return false }
    let bundle = Base64.encode(certificate.bundle.utf8)
    return configurations.allSatisfy { informer in
      informer.isSynced && informer.all.allSatisfy { WebhookAuthority.patch($0, bundle: bundle) == nil }
    }
  }

  private func trust(_ certificate: ServingCertificate) async throws {
    let bundle = Base64.encode(certificate.bundle.utf8)
    for informer in configurations {
      for configuration in informer.all {
        guard let patch = WebhookAuthority.patch(configuration, bundle: bundle) else { continue }
        informer.learn(try await writer.patch(configuration.reference, patch))
        log.info("\(configuration.reference) trusts the certificate's authority")
      }
    }
  }

  private func store(_ certificate: ServingCertificate, over live: KubernetesObject?) async throws {
    let object = secret.object(certificate)
    guard let live else {
      secrets.learn(try await writer.create(object))
      return
    }
    let change: Value = [
      "metadata": ["resourceVersion": .string(live.resourceVersion ?? "")], "data": object.tree["data"] ?? [:],
    ]
    secrets.learn(try await writer.patch(secret.reference, .merge(change)))
  }
}
