import KubernetesClient
import KubernetesObjects
import Support

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

  /// The Deployment of the operator: that of a namespace, else that of another one; nil also when it cannot be seen.
  public func deployment(preferring namespace: String) async throws -> KubernetesObject? {
    do {
      let all = try await deployments()
      return all.first { $0.namespace == namespace } ?? all.first
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }

  /// The namespaces that have one; those that cannot be seen are left out.
  public func namespaces() async throws -> Set<String> {
    do {
      return Set(try await deployments().compactMap(\.namespace))
    } catch let error as KubernetesError where error.isForbidden {
      return []
    }
  }

  /// Makes sure that a deployment brings no second operator: the two would share cluster roles, webhooks and the CSI
  /// driver, and the one that is there would lose its rights.
  ///
  /// - Parameter target: what is to be deployed, as people write it.
  /// - Throws: `CommandError` with the command that works.
  public func requireNone(outside namespace: String, deploying target: String) async throws {
    let others = try await namespaces().subtracting([namespace]).sorted()
    guard let place = others.first else { return }
    let hint =
      target == "operator"
      ? "'vineyardctl deploy operator -n \(place)' brings it up to date"
      : "'vineyardctl deploy vineyardd -n \(namespace) --create-namespace' deploys a cluster that it runs"
    throw CommandError(
      .failed, "an operator runs in the namespace '\(place)' already", cause: "one serves all namespaces", hint: hint)
  }

  /// Whether one works in a namespace, and answers the webhooks.
  func isAvailable(in namespace: String) async throws -> Bool {
    try await deployments(in: namespace).contains { Workload($0).available > 0 }
  }
}
