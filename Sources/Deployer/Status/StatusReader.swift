import Documents
import KubernetesClient
import Support

/// Reads how an installation is.
public struct StatusReader: Sendable {
  private let client: KubernetesClient
  private let namespace: String
  private let log: Log

  public init(client: KubernetesClient, namespace: String, log: Log) {
    self.client = client
    self.namespace = namespace
    self.log = log
  }

  /// The workloads of the installation, and what a command waits for with `--wait`.
  ///
  /// Source: the label `app.vineyard.io/name` is on every workload of a store or driver, and
  /// `k8s.v6d.io/instance=vineyard-operator` on the operator.
  func workloads() async throws -> [(role: String, object: KubernetesObject)] {
    async let operators = list(.deployment, "k8s.v6d.io/instance=vineyard-operator")
    async let deployments = list(.deployment, "app.vineyard.io/name")
    async let sets = list(.statefulSet, "app.vineyard.io/name")
    async let daemons = list(.daemonSet, "app.vineyard.io/name")
    var found = try await operators.map { (role: "operator", object: $0) }
    found += try await deployments.filter { !Self.isDriver($0) }.map { ("store", $0) }
    found += try await sets.map { ("metadata", $0) }
    found += try await deployments.filter { Self.isDriver($0) }.map { ("csi controller", $0) }
    found += try await daemons.map { ("csi nodes", $0) }
    return found
  }

  private static func isDriver(_ deployment: KubernetesObject) -> Bool {
    let labels = deployment.tree["spec", "template", "metadata", "labels"]?.stringFields ?? [:]
    return labels["app.vineyard.io/role"] == "csi-driver"
  }

  /// Reads everything.
  ///
  /// - Throws: `CommandError`: `notFound` when nothing is installed in the namespace.
  public func read() async throws -> InstallationStatus {
    let workloads = try await workloads()
    let resources = try await customResources()
    let missing = await Expectations(client: client, namespace: namespace, log: log)
      .missing(resources, workloads: workloads.map(\.object))
    guard !workloads.isEmpty || !missing.isEmpty else {
      let leftovers = await Leftovers(client: client).found()
      throw CommandError(
        .notFound, "nothing is deployed in the namespace '\(namespace)'", cause: leftovers?.description,
        hint: leftovers?.hint
          ?? "'vineyardctl deploy vineyard-cluster' deploys a cluster, -n names another namespace")
    }
    let pods = try await pods(of: workloads.map(\.object))
    var states = pods.map { PodStatus($0) }
    let memory = await StoreMemoryReader(client: client, log: log).read(pods)
    for index in states.indices { states[index].memory = memory[states[index].name] }
    let outages = await outages(of: Set(states.map(\.node)).subtracting([""]))
    for index in states.indices where outages[states[index].node] != nil { states[index].isNodeDown = true }
    var warnings = outages.sorted { $0.key < $1.key }.map(\.value) + missing
    warnings += await refusals(workloads.map(\.object))
    warnings += pods.compactMap { PodTrouble.of($0) } + resources.flatMap { Self.complaints(of: $0) }
    warnings += await heldClaims()
    if case .fails(let failure) = try await webhook(of: workloads) {
      warnings.append("\(failure) (hint: \(failure.hint))")
    }
    return InstallationStatus(
      namespace: namespace, components: workloads.map { ComponentStatus($0.object, role: $0.role) }, pods: states,
      warnings: warnings, missing: missing)
  }

  /// Whether the API server reaches the operator, once that is ready; before, its pods tell what is wrong.
  private func webhook(of workloads: [(role: String, object: KubernetesObject)]) async throws -> WebhookProbe.Finding {
    guard workloads.contains(where: { $0.role == "operator" && Readiness.of($0.object).isReady }) else {
      return .unknown
    }
    return try await WebhookProbe(client: client, namespace: namespace).run()
  }

  /// Which of some nodes are down, and since when. Without the right to see nodes, none.
  private func outages(of nodes: Set<String>) async -> [String: String] {
    guard let all = try? await client.list(.node).items else { return [:] }
    return all.reduce(into: [:]) { outages, node in
      if nodes.contains(node.name) { outages[node.name] = NodeFacts(node).outage }
    }
  }

  /// Claims of ours that somebody has deleted and that pods keep, those that have ended too.
  private func heldClaims() async -> [String] {
    (try? await HeldClaims(client: client).found().map(\.description)) ?? []
  }

  /// Waits until every component is ready.
  ///
  /// - Throws: `CommandError` with code `notReady` and the reason.
  public func waitUntilReady(timeout: TimeSpan?, story: Story) async throws {
    let gates = try await workloads().map { Gate(workload: $0.object, required: true) }
    let waiter = Waiter(client: client, board: WaitBoard(story: story), log: log)
    try await waiter.wait(for: gates, until: Deadline(after: timeout))
  }

  private func list(_ type: ObjectType, _ labels: String) async throws -> [KubernetesObject] {
    // Elements of a list carry no type of their own.
    try await client.list(type, namespace: namespace, labels: labels).items
  }

  private func pods(of workloads: [KubernetesObject]) async throws -> [KubernetesObject] {
    try await withThrowingTaskGroup(of: (Int, [KubernetesObject]).self) { group in
      for (index, workload) in workloads.enumerated() {
        guard let selector = Gate(workload: workload, required: true).podSelector else { continue }
        group.addTask { (index, try await list(.pod, selector)) }
      }
      var found: [Int: [KubernetesObject]] = [:]
      for try await (index, pods) in group { found[index] = pods.sorted { $0.name < $1.name } }
      return workloads.indices.flatMap { found[$0] ?? [] }
    }
  }

  /// Why pods of workloads are not even made, and what to do. Without the right to see events, only what conditions say.
  private func refusals(_ workloads: [KubernetesObject]) async -> [String] {
    var lines: [String] = []
    for workload in workloads where !Readiness.of(workload).isReady {
      var events: [KubernetesObject] = []
      if PodRefusal.lacksPods(workload) {
        let fields = "involvedObject.name=\(workload.name),reason=\(PodRefusal.eventReason)"
        events = (try? await client.list(.event, namespace: workload.namespace, fields: fields).items) ?? []
      }
      guard let refusal = PodRefusal.of(workload, events: events) else { continue }
      let advice = PodRefusal.advice(refusal).map { " (hint: \($0))" } ?? ""
      lines.append("\(workload.reference): pods are refused: \(refusal)\(advice)")
    }
    return lines
  }

  private func customResources() async throws -> [KubernetesObject] {
    var found: [KubernetesObject] = []
    for (type, scope) in [(ObjectType.vineyardd, namespace), (.csiDriver, nil)] as [(ObjectType, String?)] {
      guard try await client.resource(for: type) != nil else { continue }
      found += try await client.list(type, namespace: scope).items
    }
    return found
  }

  /// Conditions that are not as they should be.
  private static func complaints(of resource: KubernetesObject) -> [String] {
    (resource.tree["status", "conditions"]?.array ?? []).compactMap { condition in
      guard condition["status"]?.string == "False", let message = condition["message"]?.string, !message.isEmpty
      else { return nil }
      return "\(resource.kind) \(resource.name): \(condition["type"]?.string ?? "condition"): \(message)"
    }
  }
}
