import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Support

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

/// Whether the definitions of our custom resources are there and whose they are.
struct DefinitionCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Custom resource definitions"

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let planned = check.subject.objects.filter { $0.reference.type == .customResourceDefinition }
      var findings: [Finding] = []
      for definition in planned {
        findings.append(
          Self.finding(
            definition.name, try await check.client.get(definition.reference), isBeforehand: check.subject.isBeforehand)
        )
      }
      return findings
    }
  }

  static func finding(_ name: String, _ live: KubernetesObject?, isBeforehand: Bool) -> Finding {
    guard let live else {
      return isBeforehand
        ? Finding(group, .passed, "\(name) does not exist yet and will be made")
        : Finding(
          group, .failed, "\(name) does not exist", hint: "'vineyardctl deploy operator' makes it")
    }
    if live.tree["spec", "conversion", "strategy"]?.string == "Webhook" {
      return Finding(
        group, .warning, "\(name) is the original's",
        hint: "deploying takes it over; its resources stay")
    }
    let readiness = Readiness.of(live)
    if readiness.isReady { return Finding(group, .passed, "\(name) is \(readiness.detail)") }
    if let names = live.condition("NamesAccepted"), names.status == .no {
      return Finding(
        group, .failed, "\(name): \(names.message)", hint: "delete the definition that uses the same names")
    }
    return Finding(
      group, .failed, "\(name) is not established: \(readiness.detail)",
      hint: "it may take a moment; 'kubectl describe crd \(name)' shows more")
  }
}

/// Whether the names that the CSI driver needs are free.
struct StorageCheck: Sendable {
  let check: ClusterCheck

  private static let group = "Storage"
  private static let driver = StorageClasses.driver

  func run() async throws -> [Finding] {
    try await check.guarded(Self.group) {
      let classes = try await check.client.list(.storageClass).items
      let ours = classes.filter { $0.provisioner == Self.driver }
      let taken = classes.filter { $0.name.hasSuffix(".csi") && $0.provisioner != Self.driver }
        .filter { $0.name.hasPrefix("\(check.subject.namespace).") }
      var findings = taken.map { storageClass in
        Finding(
          Self.group, .failed,
          "the storage class \(storageClass.name) belongs to \(storageClass.provisioner ?? "another")",
          hint: "delete it, or choose another cluster name")
      }
      let names = ours.isEmpty ? "none yet" : ours.map(\.name).shortList
      findings.append(Finding(Self.group, .passed, "storage classes of \(Self.driver): \(names)"))
      return findings
    }
  }
}
