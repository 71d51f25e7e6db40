import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// A cluster that the operator runs.
struct VineyarddTarget: DeploymentTarget {
  static let commandName = "vineyardd"
  static let summary = "a cluster that the operator runs"
  static let exampleFlags = "--name second --vineyardd.size 4Gi"
  static let type = ObjectType.vineyardd

  @OptionGroup var images: ImageArguments
  @OptionGroup var cluster: VineyarddArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Take the whole resource, with its namespace, from this file, instead of flags.", valueName: "file"),
    completion: .file())
  var file: String?

  @Argument(help: ArgumentHelp("'-' reads --vineyardd.spill.pv-pvc-spec from standard input.", valueName: "-"))
  var input: StandardInputMark?

  func checkFlags(_ context: DeploymentContext) throws {
    if let file {
      _ = try context.cluster(from: file)
    } else {
      try cluster.spec(context, images, input: input).validate()
    }
  }

  func plan(_ context: DeploymentContext, _ notes: inout [Note]) throws -> Plan {
    let resource =
      try file.map { try context.cluster(from: $0).resource }
      ?? cluster.resource(context, images, input: input, &notes)
    return Plan(
      "vineyardd \(context.namespace)/\(resource.name)", objects: try context.namespaceObjects + [resource],
      cleaningUp: [
        .etcdMembers(
          of: resource.name, in: resource.namespace ?? context.namespace, successor: resource.reference)
      ])
  }

  func checkPrerequisites(of plan: Plan, _ client: KubernetesClient) async throws -> [Note] {
    try await Self.type.require(of: client)
    return []
  }

  func earlierFlags(in namespace: String) -> EarlierFlags? {
    file == nil ? .resource(Self.resource(cluster.name, in: namespace).reference, .vineyardd) : nil
  }

  func nextStep(in namespace: String) -> String? {
    guard file == nil else { return nil }
    return "'vineyardctl deploy csidriver --clusters \(namespace)/\(cluster.name)' makes volumes of it for pods"
  }

  func scaledObject(in namespace: String) -> ObjectReference? {
    file == nil && cluster.replicas == nil ? Self.resource(cluster.name, in: namespace).reference : nil
  }

  /// A resource by its name, for its removal.
  static func resource(_ name: String, in namespace: String) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
      "metadata": ["name": .string(name), "namespace": .string(namespace)],
    ])
  }
}

/// The operator and a cluster that it runs.
struct VineyardClusterTarget: DeploymentTarget {
  static let commandName = "vineyard-cluster"
  static let summary = "the operator and a cluster that it runs"
  static let exampleFlags = "--vineyardd.size 8Gi"
  static let hasOperator = true
  /// The operator uses nothing of its node, so that any node that has the image will do.
  static let storeFlags: Set = ["node-selector", "selinux"]

  @OptionGroup var images: ImageArguments
  @OptionGroup var operators: OperatorArguments
  @OptionGroup var cluster: VineyarddArguments

  func checkFlags(_ context: DeploymentContext) throws {
    try cluster.spec(context, images).validate()
    try context.operatorTarget().options(context).validate()
  }

  func plan(_ context: DeploymentContext, _ notes: inout [Note]) throws -> Plan {
    let resource = try cluster.resource(context, images, &notes)
    let manager = try context.operatorTarget()
    return Plan(
      "vineyard cluster \(context.namespace)/\(resource.name)",
      objects: try manager.objects(context, &notes) + [resource],
      cleaningUp: manager.operators.cleanUps(context) + [
        .etcdMembers(of: resource.name, in: context.namespace, successor: resource.reference)
      ])
  }

  func earlierFlags(in namespace: String) -> EarlierFlags? {
    .resource(VineyarddTarget.resource(cluster.name, in: namespace).reference, .vineyardd)
  }

  func nextStep(in namespace: String) -> String? {
    "'vineyardctl deploy csidriver --clusters \(namespace)/\(cluster.name)' makes volumes of it for pods"
  }

  func scaledObject(in namespace: String) -> ObjectReference? {
    cluster.replicas == nil ? VineyarddTarget.resource(cluster.name, in: namespace).reference : nil
  }

  /// The image that nodes need for it.
  func image(_ host: HostFacts) -> String { images.options(host).reference }
}

extension VineyarddArguments {
  /// The cluster that the flags describe, together with what is deployed.
  ///
  /// - Throws: `ProgramError` with code `usage` when it makes no sense, or when no node has room for its stores.
  func resource(
    _ context: DeploymentContext, _ images: ImageArguments, input: StandardInputMark? = nil, _ notes: inout [Note]
  ) throws -> KubernetesObject {
    var described = try spec(context, images, input: input)
    described.replicas = context.replicas(replicas, for: described.placement, &notes)
    notes += described.idleOptions.map { Note(.warning, "\($0.flag) has no effect: \($0.reason)") }
    // Unreadable is only what a newer program has put in.
    let resource = context.keeping(described.customResource(), .vineyardd, &notes)
    let spec = try VineyarddSpec(customResource: resource)
    try spec.validate()
    if let nodes = context.facts?.nodes, let size = try? ByteSize.parse(spec.store.size) {
      try NodeFacts.requireRoom(for: size.bytes, on: nodes, placement: spec.placement)
    }
    return resource
  }
}

extension DeploymentContext {
  /// A cluster that a user has described in a file.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  func cluster(from file: String) throws -> (resource: KubernetesObject, spec: VineyarddSpec) {
    var resource = try resource(from: file, type: .vineyardd)
    resource.namespace = resource.namespace ?? namespace
    let spec = try VineyarddSpec(customResource: resource)
    try spec.validate()
    return (resource, spec)
  }
}

extension ObjectType {
  /// Makes sure that the cluster has this kind of custom resource.
  ///
  /// - Throws: `ProgramError` with code `failed`.
  func require(of client: KubernetesClient) async throws {
    guard try await client.resource(for: self) == nil else { return }
    throw ProgramError(
      .failed, "the cluster has no \(kind) resources", cause: "the operator is not deployed",
      hint: "'vineyardctl deploy operator --create-namespace' deploys it")
  }
}

/// The one word that stands for standard input.
enum StandardInputMark: String, ExpressibleByArgument {
  case standardInput = "-"
}
