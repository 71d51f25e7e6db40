import ArgumentParser
import Deployer
import KubernetesObjects
import Manifests
import Support

/// The operator and the definitions of its resources.
struct OperatorTarget: DeploymentTarget {
  static let commandName = "operator"
  static let summary = "the operator and its custom resource definitions"
  static let exampleFlags = "--operator.replicas 2"
  static let hasOperator = true

  @OptionGroup var images: ImageArguments
  @OptionGroup var operators: OperatorArguments
  @OptionGroup var placement: FieldFlags<PodPlacement>

  func nextStep(in namespace: String) -> String? { "'vineyardctl deploy vineyardd -n \(namespace)' deploys stores" }

  func checkFlags(_ context: DeploymentContext) throws { try context.operatorTarget().options(context).validate() }

  func plan(_ context: DeploymentContext, _ notes: inout [Note]) throws -> Plan {
    let target = try context.operatorTarget()
    return Plan(
      "vineyard operator in \(context.namespace)", objects: try target.objects(context, &notes),
      cleaningUp: target.operators.cleanUps(context))
  }

  func earlierFlags(in namespace: String) -> EarlierFlags? { .workload(OperatorArguments.workload(in: namespace)) }
  static func mayBeCompleted(_ named: Set<String>) -> Bool { false }

  /// Options of the operator from the flags.
  ///
  /// - Throws: `ProgramError` with code `usage` for flags that cannot be read.
  func options(_ context: DeploymentContext) throws -> OperatorOptions {
    var options = OperatorOptions(
      namespace: context.namespace, image: images.options(context.host), replicas: operators.replicas ?? 1,
      verbose: context.isOperatorVerbose)
    try placement.apply(to: &options.placement)
    options.webhook = operators.webhook.options
    options.directsPods = operators.pods == .on
    options.platform = context.facts?.platform ?? .plain
    return options
  }

  /// The operator, its definitions and, when it is to be created, its namespace.
  func objects(_ context: DeploymentContext, _ notes: inout [Note]) throws -> [KubernetesObject] {
    var options = try options(context)
    options.replicas = operators.count(context, &notes)
    var objects = try Manifests.operatorObjects(options)
    for index in objects.indices where objects[index].reference == OperatorArguments.workload(in: context.namespace) {
      context.remember(context.operatorFlags, Self.flags, in: &objects[index])
    }
    return try context.namespaceObjects + Manifests.customResourceDefinitions(image: options.image) + objects
  }

  /// Everything an operator consists of, for its removal.
  static func allObjects(in namespace: String) throws -> [KubernetesObject] {
    var everywhere = OperatorOptions(namespace: namespace)
    everywhere.platform = Platform(isOpenShift: true)
    return try [Manifests.namespace(namespace, isOurs: true)] + Manifests.customResourceDefinitions()
      + Manifests.operatorObjects(everywhere) + LegacyCleanUp.originalOperator
      + [Manifests.operatorLease(in: namespace), Manifests.operatorCertificate(in: namespace)]
  }
}

/// The flags of the operator.
struct OperatorArguments: ParsableArguments {
  @Option(
    name: .customLong("operator.replicas"),
    help: "Number of operators, one of which leads; default: as deployed, else 1.")
  var replicas: Int?

  @Option(
    name: .customLong("placement"),
    help: ArgumentHelp(
      "Whether new pods are directed to the nodes that hold most of their volumes' bytes, where the scheduler has a choice.",
      valueName: "on|off"))
  var pods: Switch = .on

  @OptionGroup var webhook: WebhookArguments

  /// Objects that it replaces of the original, and those that it no longer has.
  func cleanUps(_ context: DeploymentContext) -> [LegacyCleanUp] {
    let successor = Self.workload(in: context.namespace)
    return [.operatorRoles(successor: successor)]
      + (webhook.options.isEnabled ? [] : [.webhook(in: context.namespace, successor: successor)])
      + (webhook.options.isEnabled && pods == .off ? [.placement(successor: successor)] : [])
  }

  static func workload(in namespace: String) -> ObjectReference {
    ObjectReference(type: .deployment, namespace: namespace, name: "vineyard-controller-manager")
  }

  fileprivate func count(_ context: DeploymentContext, _ notes: inout [Note]) -> Int {
    if let replicas { return replicas }
    // None at all would leave to nobody what is deployed with it.
    guard !context.named.contains("operator.replicas"), let live = context.liveOperators, live > 1 else { return 1 }
    notes.append(Note(.action, "operators: \(live), as deployed (--operator.replicas changes it)"))
    return live
  }
}

/// The flags for the webhook of the operator.
struct WebhookArguments: ParsableArguments {
  @Option(
    name: .customLong("webhook"),
    help: ArgumentHelp(
      "Whether the API server asks the operator about resources; off: only what the definitions can check is refused at once, the operator reports the rest.",
      valueName: "on|off"))
  var webhook: Switch = .on

  @Option(
    name: .customLong("webhook.port"),
    help: ArgumentHelp("Port of the webhook in its pod, which the API server must reach.", valueName: "port"))
  var port = WebhookOptions.defaultPort

  @Flag(
    name: .customLong("webhook.host-network"), inversion: .prefixedNo,
    help: "Run the operator in the network of its node, for API servers that cannot reach pods.")
  var usesHostNetwork = false

  /// The options that the flags describe.
  var options: WebhookOptions {
    var options = WebhookOptions()
    options.isEnabled = webhook == .on
    options.port = port
    options.usesHostNetwork = usesHostNetwork
    return options
  }
}

/// Something that is on or off.
enum Switch: String, ExpressibleByArgument, CaseIterable {
  case on, off
}
