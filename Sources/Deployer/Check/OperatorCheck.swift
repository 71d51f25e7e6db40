import KubernetesClient
import KubernetesObjects

/// Whether the operator can do its part after a deployment: the API server reaches its webhook, and nothing is left of
/// installations that are gone.
struct OperatorCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Operator"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      var findings: [Finding] = []
      if let leftovers = await Leftovers(client: check.client).found() {
        findings.append(Finding(Self.group, .failed, "\(leftovers)", hint: leftovers.hint))
      }
      guard !check.subject.isBeforehand,
        try await OperatorPresence(client: check.client).isAvailable(in: check.subject.namespace)
      else { return findings }
      switch try await WebhookProbe(client: check.client, namespace: check.subject.namespace).run() {
      case .answers: findings.append(Finding(Self.group, .passed, "the API server reaches the operator's webhook"))
      case .fails(let failure): findings.append(Finding(Self.group, .failed, "\(failure)", hint: failure.hint))
      case .unknown: break
      }
      return findings
    }
  }
}
