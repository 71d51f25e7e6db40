import Deployer
import Documents
import KubernetesClient
import Support

/// Gathers what a plan depends on, then makes it.
struct Planning<Target: DeploymentTarget> {
  private let target: Target
  private var setting: Setting

  init(
    target: Target, connection: ConnectionArguments, creation: NamespaceCreationArguments, _ context: CommandContext,
    story: Story
  ) {
    self.target = target
    setting = Setting(
      namespace: connection.namespace, createsNamespace: creation.createsNamespace, isVerbose: connection.verbose,
      host: context.host, readFile: InputFiles(context.readFile).read, story: story)
  }

  /// The plan without asking a cluster.
  func offlinePlan() throws -> Plan { try target.plan(setting) }

  /// Refuses flags that make no sense, before a cluster is looked for.
  func requireSense() throws { _ = try target.plan(quiet) }

  /// The plan for a cluster, once it is clear that it can be deployed to.
  mutating func plan(_ client: KubernetesClient) async throws -> Plan {
    let facts = try await ClusterFacts.gather(client, namespace: setting.namespace)
    try facts.requireUsable(
      namespace: setting.namespace, createsNamespace: setting.createsNamespace || !Target.needsNamespace)
    setting.facts = facts
    try await target.requirePrerequisites(client, setting)
    if let object = target.scaledObject(in: setting.namespace), try await client.resource(for: object.type) != nil {
      setting.liveReplicas = try await client.get(object)?.tree["spec", "replicas"]?.int
    }
    if Target.hasOperator {
      let live = try await client.get(OperatorArguments.workload(in: setting.namespace))
      setting.liveOperators = live.flatMap { Ownership.appliedReplicas(of: $0) }
    }
    return try target.plan(setting)
  }

  private var quiet: Setting {
    Setting(
      namespace: setting.namespace, createsNamespace: setting.createsNamespace, isVerbose: setting.isVerbose,
      host: setting.host, readFile: setting.readFile, story: Story { _ in })
  }
}
