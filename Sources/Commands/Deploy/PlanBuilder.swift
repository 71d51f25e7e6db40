import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Support
import Synchronization

/// A plan, and why it is as it is.
struct PlannedDeployment: Sendable {
  let plan: Plan
  /// The decisions that flags left open, and other notes on the plan.
  var notes: [Note]
  /// The nodes of the cluster; nil when it was not asked, or when they may not be seen.
  let nodes: [NodeFacts]?
}

/// Gathers everything that a plan depends on, then makes it, once.
struct PlanBuilder<Target: DeploymentTarget> {
  private var target: Target
  private var context: DeploymentContext
  /// The error in the flags unless those of an earlier deployment complete them.
  private var doubt: ProgramError?

  /// - Parameter resets: names of flags that go back to their defaults.
  /// - Throws: `ProgramError` with code `usage` for a reset of what is no flag of the target.
  init(
    target: Target, connection: ConnectionArguments, creation: NamespaceCreationArguments,
    resets: ResetArguments = ResetArguments([]), _ command: CommandContext
  ) throws {
    self.target = target
    try target.requireFileAlone(beside: command.flags)
    context = DeploymentContext(
      namespace: connection.namespace, createsNamespace: creation.createsNamespace, isVerbose: connection.verbose,
      host: command.host, readFile: InputFiles(command.readFile).read)
    if let file = target.file {
      context.namespace = try context.namespace(of: file, isGiven: command.flags.names("namespace"))
    }
    context.flags = command.flags
    context.storeFlags = Target.storeFlags
    let declared = DeclaredFlags(Target.self)
    // The environment names the image as a flag would.
    if declared.flag(named: "image") != nil, !context.flags.names("image"),
      let image = command.host.nonEmpty("VINEYARDCTL_IMAGE")
    {
      context.flags.values["image"] = [image]
    }
    let reset = try resets.names(of: declared, given: command.flags)
    if reset.contains("image") { context.flags.values["image"] = nil }
    context.named = Set(context.flags.values.keys).union(reset)
    if context.flags.operands.contains("-") { context.named.insert("vineyardd.spill.pv-pvc-spec") }
  }

  /// The namespace that is deployed to.
  var namespace: String { context.namespace }

  /// The plan without asking a cluster.
  ///
  /// - Throws: `ProgramError` with code `usage` for flags that make no sense.
  func offlinePlan() throws -> PlannedDeployment { try plan([]) }

  /// Checks the flags before a cluster is looked for.
  ///
  /// - Throws: `ProgramError` where no earlier deployment can complete flags that make no sense.
  mutating func validate() throws {
    do {
      try target.checkFlags(context)
    } catch let error as ProgramError where target.earlierFlags(in: context.namespace) != nil {
      guard Target.mayBeCompleted(context.named) else { throw error }
      doubt = error
    }
  }

  /// The plan for a cluster, once it is clear that it can be deployed to.
  ///
  /// - Throws: `ProgramError` for a cluster that cannot take it, and for flags that make no sense in it.
  mutating func plan(_ client: KubernetesClient) async throws -> PlannedDeployment {
    let facts = try await ClusterFacts.gather(client, namespace: context.namespace)
    try facts.requireUsable(
      namespace: context.namespace, createsNamespace: context.createsNamespace || !Target.needsNamespace)
    context.facts = facts
    if Target.hasOperator {
      try await OperatorPresence(client: client).requireNone(
        outside: context.namespace, deploying: Target.commandName)
    }
    if Target.rendersStores {
      context.stores = try await DefaultStoreMemory.deployments(client, or: context.namespace)
    }
    let notes = try await recall(client)
    if let secret = try target.etcdSecret(context) { context.etcdSecret = try await client.get(secret) }
    if let doubt, context.live == nil, context.record.values.isEmpty { throw doubt }
    var deployment = try plan(notes)
    deployment.notes += try await target.checkPrerequisites(of: deployment.plan, client)
    return deployment
  }

  private func plan(_ notes: [Note]) throws -> PlannedDeployment {
    var notes = notes
    let plan = try target.plan(context, &notes)
    return PlannedDeployment(plan: plan, notes: notes, nodes: context.facts?.nodes)
  }

  /// Reads the deployed objects and their flags, and keeps them where no flag says anything else.
  private mutating func recall(_ client: KubernetesClient) async throws -> [Note] {
    let declared = DeclaredFlags(Target.self)
    var notes: [Note] = []
    let manager = try await OperatorPresence(client: client).deployment(preferring: context.namespace)
    context.operatorFlags = FlagRecord.read(manager, OperatorTarget.flags.and("verbose"))
      .without(context.named.subtracting(Target.storeFlags))
    if Target.hasOperator { context.liveOperators = manager.flatMap { Ownership.appliedReplicas(of: $0) } }
    var base = GivenFlags()
    switch target.earlierFlags(in: context.namespace) {
    case .resource(let reference, _):
      context.live = try await existing(reference, client)
      base = GivenFlags(context.operatorFlags.values.filter { ImageArguments.names.contains($0.key) })
      context.inherited = base
    case .workload(let reference):
      guard let live = try await existing(reference, client) else { break }
      context.record = FlagRecord.read(live, declared.and("verbose")).without(context.named)
      if !Target.hasOperator || reference != OperatorArguments.workload(in: context.namespace) {
        base = context.record
      }
      notes += [Note](kept: context.record.text(declared.and("verbose")))
    case nil: break
    }
    if let object = target.scaledObject(in: context.namespace), !context.named.contains("replicas"),
      try await client.resource(for: object.type) != nil
    {
      context.liveReplicas = try await client.get(object)?.tree["spec", "replicas"]?.int
    }
    if !base.values.isEmpty {
      let all = context.flags.over(base)
      target = try Target.parse(all.words(for: declared) + context.flags.operands)
    }
    return notes
  }

  /// An object that this program has made; nil also for one that is on its way out, and for one of the original's.
  private func existing(_ reference: ObjectReference, _ client: KubernetesClient) async throws -> KubernetesObject? {
    guard let live = try await client.get(reference), !live.isBeingDeleted, !FieldHandover.isOriginal(live) else {
      return nil
    }
    return live
  }
}

/// Files that a command reads once, though it looks at them twice: standard input cannot be read again.
private final class InputFiles: Sendable {
  private let texts = Mutex<[String: String]>([:])
  private let readFile: @Sendable (String) throws -> String

  init(_ readFile: @escaping @Sendable (String) throws -> String) { self.readFile = readFile }

  /// The text of a file.
  @Sendable func read(_ path: String) throws -> String {
    if let text = texts.withLock({ $0[path] }) { return text }
    let text = try readFile(path)
    texts.withLock { $0[path] = text }
    return text
  }
}
