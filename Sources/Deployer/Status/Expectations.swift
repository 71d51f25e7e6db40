import KubernetesClient
import KubernetesObjects
import Support

/// Finds out what custom resources rely on and is not there.
struct Expectations: Sendable {
  let client: KubernetesClient
  let namespace: String
  let log: Log

  /// What is missing, a line each.
  ///
  /// - Parameters:
  ///   - resources: clusters of the namespace, and drivers.
  ///   - workloads: those of the namespace.
  func missing(_ resources: [KubernetesObject], workloads: [KubernetesObject]) async -> [String] {
    let clusters = resources.filter { $0.kind == "Vineyardd" && !$0.isBeingDeleted }
    let drivers = resources.filter { $0.kind == "CSIDriver" && serves($0) }
    var lines: [String] = []
    if let first = (clusters + drivers).first, await !hasOperator() {
      let others = clusters.count + drivers.count - 1
      let names = "\(first.reference)\(others > 0 ? " and \(others) more" : "")"
      lines.append(
        "there is no operator, and \(others > 0 ? "resources rely" : "a resource relies") on it: \(names); "
          + "'vineyardctl deploy operator' deploys it")
    }
    let names = Set(workloads.filter { $0.kind == "Deployment" }.map(\.name))
    for cluster in clusters where !names.contains(cluster.name) {
      lines.append("the stores of \(cluster.reference) do not exist: \(Readiness.of(cluster).detail)")
    }
    return lines
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
