import ClusterInventory
import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// Reads how an installation is.
public struct StatusReader: Sendable {
  private let client: KubernetesClient
  private let namespace: String
  private let log: Logger

  public init(client: KubernetesClient, namespace: String, log: Logger) {
    self.client = client
    self.namespace = namespace
    self.log = log
  }

  /// The workloads of the installation, and the objects that a command waits for with `--wait`.
  ///
  /// Source: the label `app.vineyard.io/name` is on every workload of a store or driver, and
  /// `k8s.v6d.io/instance=vineyard-operator` on the operator.
  ///
  /// - Throws: `KubernetesError` when the user may see none of them.
  func workloads() async throws -> (found: [(role: String, object: KubernetesObject)], refusals: [KubernetesError]) {
    async let operatorList = visible(.deployment, "k8s.v6d.io/instance=vineyard-operator")
    async let deploymentList = visible(.deployment, "app.vineyard.io/name")
    async let setList = visible(.statefulSet, "app.vineyard.io/name")
    async let daemonList = visible(.daemonSet, "app.vineyard.io/name")
    let lists = try await [operatorList, deploymentList, setList, daemonList]
    let refusals = lists.compactMap(\.refusal)
    if refusals.count == lists.count, let refusal = refusals.first { throw refusal }
    let (deployments, sets, daemons) = (lists[1].objects, lists[2].objects, lists[3].objects)
    var found = lists[0].objects.map { (role: "operator", object: $0) }
    found += deployments.filter { !Self.isDriver($0) }.map { ("store", $0) }
    found += sets.map { ("metadata", $0) }
    found += deployments.filter { Self.isDriver($0) }.map { ("csi controller", $0) }
    found += daemons.map { ("csi nodes", $0) }
    return (found, refusals)
  }

  private static func isDriver(_ deployment: KubernetesObject) -> Bool {
    Workload(deployment).podLabels["app.vineyard.io/role"] == "csi-driver"
  }

  /// Reads everything.
  ///
  /// - Throws: `ProgramError`: `notFound` when nothing is installed in the namespace.
  public func read() async throws -> InstallationStatus {
    let (workloads, refused) = try await workloads()
    var unseen = refused
    let resources = try await customResources(&unseen)
    let (missing, lacksOperator) = await Expectations(client: client, namespace: namespace, log: log)
      .missing(resources, workloads: workloads.map(\.object))
    guard !workloads.isEmpty || !missing.isEmpty else {
      let leftovers = await Leftovers(client: client).found()
      throw ProgramError(
        .notFound, "nothing is deployed in the namespace '\(namespace)'", cause: leftovers?.description,
        hint: leftovers?.hint
          ?? "'vineyardctl deploy vineyard-cluster' deploys a cluster, -n names another namespace")
    }
    let pods = try await pods(of: workloads.map(\.object), &unseen)
    var states = pods.map { PodStatus($0) }
    let memory = await StoreMemoryReader(client: client, log: log).read(pods)
    for index in states.indices { states[index].memory = memory.found[states[index].name] }
    let outages = await outages(of: Set(states.map(\.node)).subtracting([""]))
    for index in states.indices where outages[states[index].node] != nil { states[index].isNodeDown = true }
    var warnings = outages.sorted { $0.key < $1.key }.map(\.value) + missing
    warnings += await refusals(workloads.map(\.object))
    warnings += pods.compactMap { PodTrouble.of($0) } + resources.flatMap { Self.complaints(of: $0) }
    warnings += await heldClaims()
    if case .fails(let failure) = try await webhook(of: workloads) {
      // The general hint names this very command.
      let hint = failure.isOurs && !failure.isSilence ? "'vineyardctl deploy operator' repairs it" : failure.hint
      warnings.append("\(failure) (hint: \(hint))")
    }
    return InstallationStatus(
      namespace: namespace, components: workloads.map { ComponentStatus($0.object, role: $0.role) }, pods: states,
      warnings: warnings, missing: missing, lacksOperator: lacksOperator,
      hidden: Self.lines(unseen) + memory.failures,
      isComplete: refused.isEmpty && !unseen.contains { Self.isOfNamespace($0.operation.object) })
  }

  /// Whether the API server reaches the operator, once that is ready; before, its pods tell what is wrong.
  private func webhook(of workloads: [(role: String, object: KubernetesObject)]) async throws -> WebhookProbe.Finding {
    guard workloads.contains(where: { $0.role == "operator" && Readiness.of($0.object).isReady }) else {
      return .unknown
    }
    return try await WebhookProbe(client: client, namespace: namespace).run()
  }

  /// Outages of the nodes that are down, by node. Empty without the right to see nodes.
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

  /// Whether objects of a request are resources in namespaces, on which readiness depends; those of the cluster as a
  /// whole are not everybody's to see.
  private static func isOfNamespace(_ objects: String) -> Bool {
    ResourceKind.all.contains { $0.isNamespaced && objects.hasPrefix($0.type.kind) }
  }

  /// A line for each kind that may not be seen.
  private static func lines(_ refusals: [KubernetesError]) -> [String] {
    refusals.reduce(into: []) { lines, refusal in
      let line = "\(refusal.operation.object): no permission to \(refusal.operation.verb) them"
      if !lines.contains(line) { lines.append(line) }
    }
  }

  /// Waits until every component is ready.
  ///
  /// - Throws: `ProgramError` with code `notReady` and the reason.
  public func waitUntilReady(timeout: TimeSpan?, progress: ProgressReporter) async throws {
    let gates = try await workloads().found.map { ReadinessGate(workload: $0.object, required: true) }
    let waiter = ReadinessWaiter(client: client, board: ProgressBoard(progress: progress), log: log)
    try await waiter.wait(for: gates, until: Deadline(after: timeout))
  }

  /// Objects, or why the user may not see them.
  private typealias Visible = (objects: [KubernetesObject], refusal: KubernetesError?)

  private func visible(_ type: ObjectType, _ labels: String) async throws -> Visible {
    try await visible { try await client.list(type, namespace: namespace, labels: labels).items }
  }

  private func visible(_ list: () async throws -> [KubernetesObject]) async throws -> Visible {
    do {
      return (try await list(), nil)
    } catch let refusal as KubernetesError where refusal.isForbidden {
      return ([], refusal)
    }
  }

  private func pods(
    of workloads: [KubernetesObject], _ refusals: inout [KubernetesError]
  ) async throws -> [KubernetesObject] {
    let selectors = workloads.compactMap { ReadinessGate(workload: $0, required: true).podSelector }
    let found = try await selectors.mapConcurrently { try await visible(.pod, $0) }
    refusals += found.compactMap(\.refusal)
    return found.flatMap { $0.objects.sorted { $0.name < $1.name } }
  }

  /// Reasons why pods of workloads are not even made, with advice; from conditions only without the right to see
  /// events.
  private func refusals(_ workloads: [KubernetesObject]) async -> [String] {
    var refused: [(line: String, hint: String?)] = []
    for workload in workloads where !Readiness.of(workload).isReady {
      var events: [KubernetesObject] = []
      if PodRefusal.lacksPods(workload) {
        let fields = "involvedObject.name=\(workload.name),reason=\(PodRefusal.eventReason)"
        events = (try? await client.list(.event, namespace: workload.namespace, fields: fields).items) ?? []
      }
      guard let refusal = PodRefusal.of(workload, events: events) else { continue }
      refused.append(("\(workload.reference): pods are refused: \(refusal)", PodRefusal.advice(refusal)))
    }
    return Self.hintingOnce(refused)
  }

  /// Lines with their hints, of which the same stands behind the last line only.
  static func hintingOnce(_ lines: [(line: String, hint: String?)]) -> [String] {
    lines.enumerated().map { index, entry in
      let isRepeated = lines[(index + 1)...].contains { $0.hint == entry.hint }
      guard let hint = entry.hint, !isRepeated else { return entry.line }
      return "\(entry.line) (hint: \(hint))"
    }
  }

  private func customResources(_ refusals: inout [KubernetesError]) async throws -> [KubernetesObject] {
    var found: [KubernetesObject] = []
    for kind in ResourceKind.all {
      guard try await client.resource(for: kind.type) != nil else { continue }
      let scope = kind.isNamespaced ? namespace : nil
      let resources = try await visible { try await client.list(kind.type, namespace: scope).items }
      found += resources.objects
      if let refusal = resources.refusal { refusals.append(refusal) }
    }
    return found
  }

  /// Conditions that are not as they should be.
  private static func complaints(of resource: KubernetesObject) -> [String] {
    resource.conditions.filter { $0.status == .no && !$0.message.isEmpty }
      .map { "\(resource.kind) \(resource.name): \($0.type): \($0.message)" }
  }
}
