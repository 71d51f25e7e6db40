import KubernetesClient
import KubernetesObjects

/// Whether something is installed that a deployment would meet: the original, or this program in another namespace.
struct ConflictCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Other installations"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let operators = try await OperatorPresence(client: check.client).deployments()
      let findings = operators.compactMap { finding($0) }
      return findings.isEmpty ? [Finding(Self.group, .passed, "no other operator is in the way")] : findings
    }
  }

  private func finding(_ deployment: KubernetesObject) -> Finding? {
    let place = "\(deployment.namespace ?? "")/\(deployment.name)"
    let isElsewhere = deployment.namespace != check.subject.namespace
    let isOriginal = deployment.labels["app.kubernetes.io/managed-by"] != "vineyardctl"
    switch (isElsewhere, isOriginal) {
    case (true, _):
      return Finding(
        Self.group, .failed, "another operator runs as \(place)",
        hint: "one operator serves all namespaces: "
          + "'vineyardctl deploy vineyardd -n \(check.subject.namespace)' deploys a cluster that it runs")
    case (false, true):
      return Finding(
        Self.group, .warning, "the original operator runs as \(place)",
        hint:
          "deploying takes its objects over: same names, its stores are replaced one by one and what they hold in memory is lost"
      )
    case (false, false): return nil
    }
  }
}
