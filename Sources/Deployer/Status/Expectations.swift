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
  ///   - resources: those of the namespace, and those that are in none.
  ///   - workloads: those of the namespace.
  func missing(_ resources: [KubernetesObject], workloads: [KubernetesObject]) async -> (
    lines: [String], lacksOperator: Bool
  ) {
    // What is about other namespaces is told there.
    let resources = resources.filter { !$0.isBeingDeleted && ResourceKind.concerns($0, namespace) }
    var lines: [String] = []
    var lacksOperator = false
    if let first = resources.first, await !hasOperator() {
      lacksOperator = true
      let others = resources.count - 1
      let names = "\(first.reference)\(others > 0 ? " and \(others) more" : "")"
      lines.append(
        "there is no operator, and \(others > 0 ? "resources rely" : "a resource relies") on it: \(names); "
          + "'vineyardctl deploy operator' deploys it")
    }
    let found = Set(workloads.map(\.reference))
    for resource in resources {
      guard let workload = ResourceKind.workload(of: resource), !found.contains(workload.object) else { continue }
      let state = ResourceKind.readiness(of: resource).detail
      lines.append("the \(workload.role) of \(resource.reference) do not exist: \(state)")
    }
    return (lines, lacksOperator)
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
