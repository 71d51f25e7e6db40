import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support
import Synchronization
import X509

/// Keeps the webhook's certificate valid and trusted. Only the leader does.
///
/// The certificate, its authorities and their keys are in one Secret, so that every replica serves the same one and the
/// next leader goes on with them. API servers trust what the webhook configurations say.
actor CertificateKeeper {
  private static let configurations = [
    ObjectReference(type: .mutatingWebhooks, name: "vineyard-mutating-webhook-configuration"),
    Manifests.placementWebhook,
    ObjectReference(type: .validatingWebhooks, name: "vineyard-validating-webhook-configuration"),
    ObjectReference(type: .validatingWebhooks, name: "vineyard-deletion-webhook-configuration"),
  ]

  private static let backOff = BackOff.steady(first: .seconds(1), longest: .seconds(64))

  private let client: KubernetesClient
  /// The Secret without its data.
  private let template: KubernetesObject
  private let secret: ObjectReference
  private let names: [String]
  private let rotation: Rotation
  private let mayWrite: @Sendable () throws -> Void
  private let log: Logger
  private let isDone = Atomic(false)
  /// Authorities that a configuration trusts and the Secret does not have, by PEM, and since when that is known.
  private var unknownAuthorities: [String: ContinuousClock.Instant] = [:]

  /// - Parameters:
  ///   - namespace: of the operator.
  ///   - mayWrite: throws when another replica leads; that ends `run`.
  init(
    client: KubernetesClient, namespace: String, lives: CertificateLives, log: Logger,
    mayWrite: @escaping @Sendable () throws -> Void
  ) {
    self.client = client
    template = Manifests.operatorCertificate(in: namespace)
    secret = template.reference
    names = ["vineyard-webhook-service", "vineyard-controller-manager-metrics-service"].map { "\($0).\(namespace).svc" }
    rotation = Rotation(lives: lives)
    self.log = log
    self.mayWrite = mayWrite
  }

  /// Works until the task is cancelled; what fails is tried again.
  ///
  /// - Throws: `CancellationError`, and what `mayWrite` throws.
  func run() async throws {
    let (events, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for object in [secret] + Self.configurations {
        group.addTask { [client, log] in
          try await Informer(object).run(client, log: log) { _ in wake.yield() }
        }
      }
      group.addTask { try await self.keep(events, wake) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// The missing part, for probes; nil once everything has been made and API servers trust it.
  nonisolated var problem: String? {
    isDone.load(ordering: .relaxed) ? nil : "the API server does not trust the certificate yet"
  }

  private func keep(_ events: AsyncStream<Void>, _ wake: AsyncStream<Void>.Continuation) async throws {
    var timer: Task<Void, Never>?
    defer { timer?.cancel() }
    var failures = 0
    wake.yield()
    for await _ in events {
      timer?.cancel()
      var pause: Duration
      do {
        pause = try await round()
        failures = 0
        isDone.store(true, ordering: .relaxed)
      } catch {
        try Task.checkCancellation()
        try mayWrite()
        log.warning("the webhook's certificate cannot be checked or renewed, trying again: \(error)")
        failures += 1
        pause = Self.backOff.delay(after: failures)
      }
      timer = Task {
        guard (try? await Task.sleep(for: pause)) != nil else { return }
        wake.yield()
      }
    }
    throw CancellationError()
  }

  /// Does all that is due.
  ///
  /// - Returns: after how long there is more to do, unless something changes.
  private func round() async throws -> Duration {
    while true {
      let live = try await client.get(secret)
      var certificates = live.flatMap { ServingCertificates($0, names: names) }
      // Before anything is signed by an authority, it is trusted.
      var pause = Duration.seconds(86400)
      if let certificates, let end = try await trust(certificates) { pause = min(pause, end) }
      let now = Timestamp.now()
      switch rotation.step(certificates?.dates, now: now) {
      case .replaceAll:
        let fresh = try ServingCertificates(names: names, rotation, now: now)
        _ = try await trust(fresh)
        certificates = fresh
        log.info("the webhook's certificate is made, with an authority of its own")
      case .addAuthority:
        try certificates?.addAuthority(rotation, now: now)
        log.info("another authority is trusted beside the one that signed the webhook's certificate")
      case .renewServer:
        try certificates?.renewServer(names: names, rotation, now: now)
        log.info("the webhook's certificate is renewed")
      case .forgetExpired:
        certificates?.forgetExpired(now: now)
        log.info("an expired authority of the webhook is no longer trusted")
      case .wait(let end):
        pause = min(pause, .seconds(max(0, end - now.seconds)))
        return max(pause, .milliseconds(100))
      }
      if let certificates { try await store(certificates, over: live) }
    }
  }

  private func store(_ certificates: ServingCertificates, over live: KubernetesObject?) async throws {
    try mayWrite()
    do {
      if let version = live?.resourceVersion {
        let change: Value = ["metadata": ["resourceVersion": .string(version)], "data": try certificates.data]
        _ = try await client.patch(secret, .merge(change))
      } else {
        _ = try await client.create(object(try certificates.data))
      }
    } catch let error as KubernetesError where error.isConflict || error.isAlreadyExists || error.isNotFound {
      // Somebody else was faster; what is there now is looked at again.
      log.debug("\(error)")
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func object(_ data: Value) -> KubernetesObject {
    var object = template
    object.tree["data"] = data
    return object
  }

  /// Lets API servers trust some certificates' authorities. Others that they trusted until now stay for a while, since
  /// a replica may still serve a certificate of theirs.
  ///
  /// - Returns: after how long one of those has to go; nil without any.
  private func trust(_ certificates: ServingCertificates) async throws -> Duration? {
    let own = try certificates.authorities.map { try $0.pem }
    var remaining: Set<String> = []
    for reference in Self.configurations {
      guard let live = try await client.get(reference) else { continue }
      let bundle = TrustBundle(of: live)
      let others = try bundle.authorities(now: .now()).map { try $0.pem }.filter { !own.contains($0) }
      let kept = others.filter { authority in
        let since = unknownAuthorities[authority] ?? .now
        unknownAuthorities[authority] = since
        return .now - since < .seconds(rotation.lives.settling)
      }
      remaining.formUnion(kept)
      guard let patch = bundle.patch(to: (own + kept).joined()) else { continue }
      try mayWrite()
      _ = try await client.patch(reference, .json(patch))
      log.info("authorities that \(reference) trusts: \(own.count + kept.count)")
    }
    unknownAuthorities = unknownAuthorities.filter { remaining.contains($0.key) }
    return remaining.isEmpty ? nil : .seconds(rotation.lives.settling)
  }
}
