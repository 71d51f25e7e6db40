import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// Finds things that custom resources rely on and that are not there.
struct Expectations: Sendable {
  let client: KubernetesClient
  let namespace: String
  let log: Logger

  /// A line for each thing that is missing, and whether the operator is one of them.
  ///
  /// - Parameters:
  ///   - resources: clusters of the namespace, and drivers.
  ///   - workloads: those of the namespace.
  func missing(_ resources: [KubernetesObject], workloads: [KubernetesObject]) async -> (
    lines: [String], lacksOperator: Bool
  ) {
    let clusters = resources.filter { $0.kind == "Vineyardd" && !$0.isBeingDeleted }
    let drivers = resources.filter { $0.kind == "CSIDriver" && serves($0) }
    var lines: [String] = []
    var lacksOperator = false
    if let first = (clusters + drivers).first, await !hasOperator() {
      lacksOperator = true
      let others = clusters.count + drivers.count - 1
      let names = "\(first.reference)\(others > 0 ? " and \(others) more" : "")"
      lines.append(
        "there is no operator, and \(others > 0 ? "resources rely" : "a resource relies") on it: \(names); "
          + "'vineyardctl deploy operator' deploys it")
    }
    let names = Set(workloads.filter { $0.kind == "Deployment" }.map(\.name))
    for cluster in clusters where !names.contains(cluster.name) {
      lines.append("the stores of \(cluster.reference) do not exist: \(ResourceKind.readiness(of: cluster).detail)")
    }
    return (lines, lacksOperator)
  }

  /// Whether a driver serves clusters of the namespace; those of other namespaces are told there.
  private func serves(_ driver: KubernetesObject) -> Bool {
    !driver.isBeingDeleted
      && (driver.tree["spec", "clusters"]?.array ?? []).contains { $0["namespace"]?.string == namespace }
  }

  /// One operator serves every namespace. Who may not look everywhere is told nothing.
  private func hasOperator() async -> Bool {
    do {
      return try await !OperatorPresence(client: client).deployments().isEmpty
    } catch {
      log.debug("operators cannot be looked for: \(error)")
      return true
    }
  }
}

/// Finds out whether the API server reaches the webhook of the operator, which only the API server can tell.
struct WebhookProbe: Sendable {
  let client: KubernetesClient
  let namespace: String

  enum Finding: Sendable, Equatable {
    case answers
    case fails(WebhookFailure)
    /// No webhook, or no right to ask.
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
