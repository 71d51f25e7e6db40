import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// The part that the delete commands share: look, guard, ask, remove, report.
struct Removal {
  let arguments: DeleteArguments
  let context: CommandContext
  let session: Session
  let client: KubernetesClient

  init(_ arguments: DeleteArguments, _ context: CommandContext) throws {
    self.arguments = arguments
    self.context = context
    session = Session(arguments.connection, context)
    client = try session.client()
  }

  /// The objects to be removed, and the volumes that speak against it.
  struct Request {
    /// The name of all of it, as people read it.
    let title: String
    var objects: [KubernetesObject]
    /// Volumes that stop working; their users prevent the removal.
    var volumes = VolumeUses.Scope.clusters([], classes: [])
    /// Whether the kubelets lose the driver.
    var takesDriver = false
    /// Whether the namespace goes too when deploying made it and it holds nothing else.
    var mayEmptyNamespace = true
    /// Decisions to report.
    var notes: [Note] = []
    /// Parts that go besides the objects' own names, for the question: `its stores with all their data`, `the operator`.
    var parts: [String] = []
    /// The resources that rely on the objects, so that deleting them takes an answer also in a script; nil without any.
    var reliance: String?
  }

  /// Removes objects, those of later kinds first.
  func remove(_ request: Request) async throws {
    let title = request.title
    session.progress.report(request.notes)
    let namespace = try await namespace(besides: request.objects, mayBeEmpty: request.mayEmptyNamespace)
    let plan = Plan(title, objects: namespace + request.objects)
    let guardian = UsageGuard(client: client, progress: session.progress)
    try await guardian.requireUnused(
      request.volumes, by: title, isForced: arguments.force, needsDriver: request.takesDriver)
    if arguments.dryRun == .none {
      let question = try await question(request)
      if let reliance = request.reliance {
        try await Consent(context, isGiven: arguments.yes || arguments.force).require(question, because: reliance)
      } else {
        try await Consent(context, isGiven: arguments.yes).confirm(question)
      }
    } else if let reliance = request.reliance {
      session.progress.report(.warning, reliance)
    }
    var options = Remover.Options(timeout: arguments.waiting.limit)
    options.waits = arguments.waiting.wait
    options.deletesNamespace = arguments.deletesNamespace
    options.isDryRun = arguments.dryRun != .none
    options.asksServer = arguments.dryRun == .server
    let removed = try await Remover(client: client, progress: session.progress, log: session.log, options: options)
      .remove(plan)
    try await StoreLabelRemoval(client: client, progress: session.progress).run(
      after: removed, isDryRun: options.isDryRun)
    if let output = arguments.output { context.output(output.text(PrintableReferences(removed))) }
    // Who names something that is not there has mistyped it, or is late.
    if removed.isEmpty, context.flags.names("name") {
      throw ProgramError(.notFound, "there is no \(title)", hint: "'vineyardctl status' shows what there is")
    }
    session.progress.report(.done, ending(plan, removed))
  }

  /// The namespace, unless it is in the plan already: on request, or because deploying made it.
  private func namespace(besides objects: [KubernetesObject], mayBeEmpty: Bool) async throws -> [KubernetesObject] {
    let namespace = try Manifests.namespace(arguments.namespace, isOurs: true)
    if objects.contains(where: { $0.reference == namespace.reference }) { return [] }
    if arguments.deletesNamespace { return [namespace] }
    guard mayBeEmpty, let live = try await client.get(namespace.reference), Ownership.isCreatedByUs(live) else {
      return []
    }
    // It goes with the operator.
    return try await OperatorPresence(client: client).isIn(arguments.namespace) ? [] : [namespace]
  }

  /// The action to agree to, with everything that goes along.
  private func question(_ request: Request) async throws -> String {
    var parts = request.parts
    // Nobody is asked elsewhere.
    if context.errorColumns() != nil {
      let namespace = "the namespace \(arguments.namespace)"
      if arguments.deletesNamespace {
        parts.append("\(namespace) with all it holds")
      } else if try await mayTakeNamespace(request) {
        parts.append("\(namespace) if nothing else is in it")
      }
    }
    return "delete \(request.title)\(parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")"
  }

  private func mayTakeNamespace(_ request: Request) async throws -> Bool {
    let namespace = try Manifests.namespace(arguments.namespace, isOurs: true)
    if request.objects.contains(where: { $0.reference == namespace.reference }) {
      return try await client.get(namespace.reference).map { Ownership.isCreatedByUs($0) } ?? false
    }
    return try await !self.namespace(besides: request.objects, mayBeEmpty: request.mayEmptyNamespace).isEmpty
  }

  private func ending(_ plan: Plan, _ removed: [ObjectReference]) -> String {
    if removed.isEmpty { return "\(plan.title): nothing to delete" }
    if arguments.dryRun != .none {
      return "\(plan.title): \(removed.count) \(removed.count == 1 ? "object" : "objects") would be deleted"
    }
    return arguments.waiting.wait ? "\(plan.title) is gone" : "\(plan.title) is being deleted"
  }
}

extension Removal {
  /// Refuses a name that nothing has while others are there: most likely it is mistyped, and nothing must go for that.
  ///
  /// Without any others, whatever an earlier deletion has left is removed.
  ///
  /// - Parameters:
  ///   - kind: `vineyardd`, `csidriver`, as people write it.
  ///   - namespace: where it is looked for, nil for a kind without namespaces.
  /// - Throws: `ProgramError` with code `notFound` and the nearest name as a hint.
  func requireKnown(_ kind: String, _ name: String, in namespace: String?, among live: [KubernetesObject]) throws {
    guard !live.contains(where: { $0.name == name && $0.namespace == namespace }), !live.isEmpty else { return }
    let shown = namespace.map { "\($0)/\(name)" } ?? name
    throw ProgramError(
      .notFound, "there is no \(kind) \(shown)", cause: "nothing was deleted",
      hint: Self.suggestion(name, namespace, live))
  }

  /// Advice that names the object that was probably meant.
  private static func suggestion(_ name: String, _ namespace: String?, _ live: [KubernetesObject]) -> String {
    let here = live.filter { $0.namespace == namespace }.map(\.name)
    if let guess = nearest(to: name, in: here) { return "did you mean --name \(guess)?" }
    if let elsewhere = live.first(where: { $0.name == name }), let place = elsewhere.namespace {
      return "there is one in another namespace: -n \(place)"
    }
    let names = live.map { object in object.namespace.map { "\($0)/\(object.name)" } ?? object.name }.sorted()
    return "there \(names.count == 1 ? "is" : "are") \(names.prefix(5).joined(separator: ", "))"
  }

  /// Refuses to take away, by the name of another namespace, what an operator has outside of its own.
  ///
  /// - Throws: `ProgramError` with code `notFound`.
  func requireOperatorHere() async throws {
    let operators = try await OperatorPresence(client: client).namespaces()
    guard let place = operators.sorted().first, !operators.contains(arguments.namespace) else { return }
    throw ProgramError(
      .notFound, "there is no operator in the namespace '\(arguments.namespace)'", cause: "nothing was deleted",
      hint: "there is one in another namespace: -n \(place)")
  }

  /// Refuses to take the operator along with its namespace while resources elsewhere need it.
  func requireDispensable(for remaining: [KubernetesObject]) async throws {
    guard arguments.deletesNamespace, try await OperatorPresence(client: client).isIn(arguments.namespace),
      let first = remaining.first(where: { $0.namespace != arguments.namespace })
    else { return }
    throw ProgramError(
      .failed, "the namespace '\(arguments.namespace)' holds the operator, which \(first.reference) needs",
      hint: "delete that first, or leave --delete-namespace out")
  }
}
