import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Gathers what a plan depends on, then makes it.
struct Planning<Target: DeploymentTarget> {
  private var target: Target
  private var setting: Setting

  /// - Parameter resets: names of flags that go back to their defaults.
  /// - Throws: `CommandError` with code `usage` for a reset of what is no flag of the target.
  init(
    target: Target, connection: ConnectionArguments, creation: NamespaceCreationArguments,
    resets: ResetArguments = ResetArguments([]), _ context: CommandContext, story: Story
  ) throws {
    self.target = target
    setting = Setting(
      namespace: connection.namespace, createsNamespace: creation.createsNamespace, isVerbose: connection.verbose,
      host: context.host, readFile: InputFiles(context.readFile).read, story: story)
    setting.flags = context.flags
    let declared = DeclaredFlags(Target.self)
    // The environment names the image as a flag would.
    if declared.flag(named: "image") != nil, !setting.flags.names("image"),
      let image = context.host.nonEmpty("VINEYARDCTL_IMAGE")
    {
      setting.flags.values["image"] = [image]
    }
    let reset = try resets.names(of: declared, given: context.flags)
    if reset.contains("image") { setting.flags.values["image"] = nil }
    setting.named = Set(setting.flags.values.keys).union(reset)
    if setting.flags.operands.contains("-") { setting.named.insert("vineyardd.spill.pv-pvc-spec") }
  }

  /// The nodes of the cluster, once it was asked; nil when they may not be seen.
  var nodes: [NodeFacts]? { setting.facts?.nodes }

  /// The plan without asking a cluster.
  func offlinePlan() throws -> Plan { try target.plan(setting) }

  /// What makes no sense about the flags; nil when they make sense.
  ///
  /// - Throws: `CommandError` where no earlier deployment can make sense of them either, before a cluster is looked for.
  func doubt() throws -> CommandError? {
    do {
      _ = try target.plan(quiet)
      return nil
    } catch let error as CommandError where target.memory(in: setting.namespace) != nil {
      guard Target.mayBeCompleted(setting.named) else { throw error }
      return error
    }
  }

  /// The plan for a cluster, once it is clear that it can be deployed to.
  ///
  /// - Parameter doubt: what is wrong unless an earlier deployment says more.
  mutating func plan(_ client: KubernetesClient, doubt: CommandError?) async throws -> Plan {
    let facts = try await ClusterFacts.gather(client, namespace: setting.namespace)
    try facts.requireUsable(
      namespace: setting.namespace, createsNamespace: setting.createsNamespace || !Target.needsNamespace)
    setting.facts = facts
    if Target.hasOperator {
      try await OperatorPresence(client: client).requireNone(
        outside: setting.namespace, deploying: Target.commandName)
    }
    try await recall(client)
    if let doubt, setting.live == nil, setting.record.values.isEmpty { throw doubt }
    try await target.requirePrerequisites(client, setting)
    return try target.plan(setting)
  }

  /// Finds out what is deployed and with which flags, and lets it stand where no flag says anything else.
  private mutating func recall(_ client: KubernetesClient) async throws {
    let declared = DeclaredFlags(Target.self)
    let manager = try await OperatorPresence(client: client).deployment(preferring: setting.namespace)
    setting.operatorFlags = FlagRecord.read(manager, OperatorTarget.flags.and("verbose")).without(setting.named)
    if Target.hasOperator { setting.liveOperators = manager.flatMap { Ownership.appliedReplicas(of: $0) } }
    var base = GivenFlags()
    switch target.memory(in: setting.namespace) {
    case .resource(let reference, _):
      setting.live = try await existing(reference, client)
      base = GivenFlags(setting.operatorFlags.values.filter { ImageArguments.names.contains($0.key) })
    case .workload(let reference):
      guard let live = try await existing(reference, client) else { break }
      setting.record = FlagRecord.read(live, declared.and("verbose")).without(setting.named)
      if !Target.hasOperator || reference != OperatorArguments.workload(in: setting.namespace) {
        base = setting.record
      }
      setting.tell(kept: setting.record.text)
    case nil: break
    }
    if let object = target.scaledObject(in: setting.namespace), !setting.named.contains("replicas"),
      try await client.resource(for: object.type) != nil
    {
      setting.liveReplicas = try await client.get(object)?.tree["spec", "replicas"]?.int
    }
    guard !base.values.isEmpty else { return }
    let all = setting.flags.over(base)
    target = try Target.parse(all.words(for: declared) + setting.flags.operands)
  }

  /// What this program has made; nil also for what is on its way out, and for what the original made.
  private func existing(_ reference: ObjectReference, _ client: KubernetesClient) async throws -> KubernetesObject? {
    guard let live = try await client.get(reference), !live.isBeingDeleted, !FieldHandover.isOriginal(live) else {
      return nil
    }
    return live
  }

  private var quiet: Setting {
    var quiet = setting
    quiet.story = Story { _ in }
    return quiet
  }
}
