import Documents
import KubernetesClient

/// Looks for operators, the original's included.
public struct OperatorPresence: Sendable {
  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  /// The Deployments of operators.
  ///
  /// Source: `k8s.v6d.io/instance=vineyard-operator` is on ours and on the original's.
  ///
  /// - Parameter namespace: nil for every namespace.
  func deployments(in namespace: String? = nil) async throws -> [KubernetesObject] {
    try await client.list(.deployment, namespace: namespace, labels: "k8s.v6d.io/instance=vineyard-operator").items
  }

  /// Whether there is one in a namespace, in whatever state.
  public func isIn(_ namespace: String) async throws -> Bool {
    try await !deployments(in: namespace).isEmpty
  }

  /// Whether one works in a namespace, and answers the webhooks.
  func isAvailable(in namespace: String) async throws -> Bool {
    try await deployments(in: namespace).contains { ($0.tree["status", "availableReplicas"]?.int ?? 0) > 0 }
  }
}
