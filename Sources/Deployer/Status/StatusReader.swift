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
    guard !workloads.isEmpty else {
      throw CommandError(
        .notFound, "nothing is deployed in the namespace '\(namespace)'",
        hint: "'vineyardctl deploy vineyard-cluster' deploys a cluster, -n names another namespace")
    }
    let pods = try await pods(of: workloads.map(\.object))
    var states = pods.map { PodStatus($0) }
    let memory = await StoreMemoryReader(client: client, log: log).read(pods)
    for index in states.indices { states[index].memory = memory[states[index].name] }
    let resources = try await customResources()
    return InstallationStatus(
      namespace: namespace, components: workloads.map { ComponentStatus($0.object, role: $0.role) }, pods: states,
      warnings: pods.compactMap { PodTrouble.of($0) } + resources.flatMap { Self.complaints(of: $0) })
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
