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
  @OptionGroup var placement: PlacementArguments

  func nextStep(in namespace: String) -> String? { "'vineyardctl deploy vineyardd -n \(namespace)' deploys stores" }

  func plan(_ setting: Setting) throws -> Plan {
    let target = try setting.operatorTarget()
    return Plan(
      "vineyard operator in \(setting.namespace)",
      objects: try target.operators.objects(
        setting, target.images.options(setting.host), target.placement.placement()),
      retiring: target.operators.retirements(setting))
  }

  func memory(in namespace: String) -> Memory? { .workload(OperatorArguments.workload(in: namespace)) }
  static func mayBeCompleted(_ named: Set<String>) -> Bool { false }

  /// Everything an operator consists of, for its removal.
  static func allObjects(in namespace: String) throws -> [KubernetesObject] {
    var everywhere = OperatorOptions(namespace: namespace)
    everywhere.platform = Platform(isOpenShift: true)
    return try [Manifests.namespace(namespace, isOurs: true)] + Manifests.customResourceDefinitions()
      + Manifests.operatorObjects(everywhere) + OriginalOperator.objects
      + [Manifests.operatorLease(in: namespace), Manifests.operatorCertificate(in: namespace)]
  }
}

/// The flags of the operator.
struct OperatorArguments: ParsableArguments {
  @Option(
    name: .customLong("operator.replicas"),
    help: "Number of operators, one of which leads; default: as deployed, else 1.")
  var replicas: Int?

  @OptionGroup var webhook: WebhookArguments

  /// What it replaces of the original, and what it no longer has.
  func retirements(_ setting: Setting) -> [Retirement] {
    let successor = Self.workload(in: setting.namespace)
    return [.operatorRoles(successor: successor)]
      + (webhook.options.isEnabled ? [] : [.webhook(in: setting.namespace, successor: successor)])
  }

  static func workload(in namespace: String) -> ObjectReference {
    ObjectReference(type: .deployment, namespace: namespace, name: "vineyard-controller-manager")
  }

  /// The operator, its definitions and, when it is to be created, its namespace.
  func objects(
    _ setting: Setting, _ image: ImageOptions, _ placement: PodPlacement
  ) throws -> [KubernetesObject] {
    var options = OperatorOptions(
      namespace: setting.namespace, image: image, replicas: count(setting), verbose: setting.isOperatorVerbose)
    options.placement = placement
    options.webhook = webhook.options
    options.platform = setting.facts?.platform ?? .plain
    var objects = try Manifests.operatorObjects(options)
    for index in objects.indices where objects[index].reference == Self.workload(in: setting.namespace) {
      setting.remember(setting.operatorFlags, OperatorTarget.flags, in: &objects[index])
    }
    return try setting.namespaceObjects + Manifests.customResourceDefinitions(image: image) + objects
  }

  private func count(_ setting: Setting) -> Int {
    if let replicas { return replicas }
    // None at all would leave to nobody what is deployed with it.
    guard !setting.named.contains("operator.replicas"), let live = setting.liveOperators, live > 1 else { return 1 }
    setting.story.tell(.action, "operators: \(live), as deployed (--operator.replicas changes it)")
    return live
  }
}

extension Setting {
  /// The namespace when it is to be created: one that others made is not touched.
  var namespaceObjects: [KubernetesObject] {
    get throws {
      guard createsNamespace, facts?.isNamespaceOthers != true else { return [] }
      return [try Manifests.namespace(namespace, isOurs: true)]
    }
  }
}
