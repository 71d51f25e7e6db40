import ArgumentParser
import Deployer
import Documents
import Manifests
import Support

/// The operator and the definitions of its resources.
struct OperatorTarget: DeploymentTarget {
  static let commandName = "operator"
  static let summary = "the operator and its custom resource definitions"

  @OptionGroup var images: ImageArguments
  @OptionGroup var operators: OperatorArguments

  func plan(_ setting: Setting) throws -> Plan {
    Plan(
      "vineyard operator in \(setting.namespace)",
      objects: try operators.objects(setting, images.options(setting.host)),
      retiring: [operators.retirement(setting)])
  }

  /// Everything an operator consists of, for its removal.
  static func allObjects(in namespace: String) throws -> [KubernetesObject] {
    try [Manifests.namespace(namespace, isOurs: true)] + Manifests.customResourceDefinitions()
      + Manifests.operatorObjects(OperatorOptions(namespace: namespace)) + OriginalOperator.objects
      + [Manifests.operatorLease(in: namespace), Manifests.operatorCertificate(in: namespace)]
  }
}

/// The flags of the operator.
struct OperatorArguments: ParsableArguments {
  @Option(name: .customLong("operator.replicas"), help: "Number of operators, one of which leads.")
  var replicas = 1

  /// What it replaces of the original.
  func retirement(_ setting: Setting) -> Retirement {
    .operatorRoles(
      successor: ObjectReference(
        type: ObjectType(apiVersion: "apps/v1", kind: "Deployment"), namespace: setting.namespace,
        name: "vineyard-controller-manager"))
  }

  /// The operator, its definitions and, when it is to be created, its namespace.
  func objects(_ setting: Setting, _ image: ImageOptions) throws -> [KubernetesObject] {
    let options = OperatorOptions(
      namespace: setting.namespace, image: image, replicas: replicas, verbose: setting.isVerbose)
    return try setting.namespaceObjects + Manifests.customResourceDefinitions(image: image)
      + Manifests.operatorObjects(options)
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
