import KubernetesClient
import KubernetesObjects
import Manifests

/// Finds out whether the API server reaches the webhook of the operator, which only the API server can tell.
struct WebhookProbe: Sendable {
  let client: KubernetesClient
  let namespace: String

  enum Finding: Sendable, Equatable {
    case answers
    case fails(WebhookFailure)
    /// There is no webhook, or the user may not ask.
    case unknown
  }

  /// Lets the server check a resource that is not kept.
  func run() async throws -> Finding {
    let configuration = ObjectReference(
      type: .validatingWebhooks, name: "vineyard-validating-webhook-configuration")
    do {
      guard try await client.get(configuration) != nil else { return .unknown }
      var spec = VineyarddSpec()
      spec.name = "vineyardctl-probe"
      spec.namespace = namespace
      _ = try await client.create(spec.customResource(), dryRun: true)
      return .answers
    } catch let error as KubernetesError {
      if let failure = WebhookFailure(error) { return failure.isOurs ? .fails(failure) : .unknown }
      return .unknown
    }
  }
}
