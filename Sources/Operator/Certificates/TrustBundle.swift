import KubernetesObjects
import Support
import X509

/// `clientConfig.caBundle` of the webhooks of one configuration.
struct TrustBundle: Sendable {
  private let configuration: KubernetesObject

  /// - Parameter configuration: a MutatingWebhookConfiguration or ValidatingWebhookConfiguration.
  init(of configuration: KubernetesObject) { self.configuration = configuration }

  private var webhooks: [Value] { configuration.tree["webhooks"]?.array ?? [] }

  /// The authorities of ours that any webhook trusts and that have not expired.
  func authorities(now: Timestamp) -> [Certificate] {
    var found: [Certificate] = []
    for webhook in webhooks {
      guard let bytes = webhook["clientConfig", "caBundle"]?.string.flatMap({ Base64.decode($0) }) else { continue }
      for certificate in Certificate.all(inPEM: String(decoding: bytes, as: UTF8.self))
      where certificate.validity.end >= now.seconds && !found.contains(certificate)
        && certificate.subject.description.contains(authorityName)
      { found.append(certificate) }
    }
    return found
  }

  /// A JSON patch (RFC 6902) that gives every webhook a bundle, and fails when they are others meanwhile.
  ///
  /// - Returns: nil when all have it.
  func patch(to bundle: String) -> Value? {
    let wanted = Value.string(Base64.encode(bundle.utf8))
    var operations: [Value] = []
    for (index, webhook) in webhooks.enumerated() where webhook["clientConfig", "caBundle"] != wanted {
      operations.append(["op": "test", "path": "/webhooks/\(index)/name", "value": webhook["name"] ?? .null])
      operations.append(["op": "add", "path": "/webhooks/\(index)/clientConfig/caBundle", "value": wanted])
    }
    return operations.isEmpty ? nil : .array(operations)
  }
}
