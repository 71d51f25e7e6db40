import Documents
import KubernetesClient

/// The authority that a webhook configuration trusts.
enum WebhookAuthority {
  /// The patch that makes the entries of our Service trust a bundle; nil when they do.
  ///
  /// - Parameter bundle: in base64.
  static func patch(_ configuration: KubernetesObject, bundle: String) -> Patch? {
    var operations: [Value] = []
    for (index, webhook) in (configuration.tree["webhooks"]?.array ?? []).enumerated() {
      guard webhook["clientConfig", "service", "name"]?.string == "vineyard-webhook-service",
        webhook["clientConfig", "caBundle"]?.string != bundle
      else { continue }
      operations.append([
        "op": "add", "path": .string("/webhooks/\(index)/clientConfig/caBundle"), "value": .string(bundle),
      ])
    }
    guard !operations.isEmpty, let version = configuration.resourceVersion else { return nil }
    // The places are right for this version only.
    return .json(
      .array([["op": "replace", "path": "/metadata/resourceVersion", "value": .string(version)]] + operations))
  }
}
