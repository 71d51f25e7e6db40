import ArgumentParser
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
  static let type = ObjectType(apiVersion: Manifests.apiVersion, kind: "Vineyardd")

  @OptionGroup var images: ImageArguments
  @OptionGroup var cluster: VineyarddArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Take the whole resource from this file; the flags above do not count.", valueName: "file"),
    completion: .file())
  var file: String?

  @Argument(help: ArgumentHelp("'-' reads --vineyardd.spill.pv-pvc-spec from standard input.", valueName: "-"))
  var input: StandardInputMark?

  func plan(_ setting: Setting) throws -> Plan {
    let resource = try resource(setting)
    return Plan(
      "vineyardd \(setting.namespace)/\(resource.name)", objects: try setting.namespaceObjects + [resource],
      retiring: [
        .etcdMembers(
          of: resource.name, in: resource.namespace ?? setting.namespace, successor: resource.reference)
      ])
  }

  private func resource(_ setting: Setting) throws -> KubernetesObject {
    guard let file else {
      let replicas = setting.replicas(cluster.replicas, for: try cluster.placement.placement())
      return try cluster.resource(
        setting, image: images.options(setting.host), replicas: replicas, standardInput: input != nil)
    }
    var resource = try ResourceFile.read(file, setting, type: Self.type)
    resource.namespace = resource.namespace ?? setting.namespace
    let spec = try VineyarddSpec(customResource: resource)
    try spec.validate()
    return resource
  }

  func requirePrerequisites(_ client: KubernetesClient, _ setting: Setting) async throws {
    try await Self.type.require(of: client)
  }

  func memory(in namespace: String) -> Memory? {
    file == nil ? .resource(Self.resource(cluster.name, in: namespace).reference, .vineyardd) : nil
  }

  func nextStep(in namespace: String) -> String? {
    "'vineyardctl deploy csidriver --clusters \(namespace)/\(cluster.name)' makes volumes of it for pods"
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

extension ObjectType {
  /// Makes sure that the cluster has this kind of custom resource.
  func require(of client: KubernetesClient) async throws {
    guard try await client.resource(for: self) == nil else { return }
    throw CommandError(
      .failed, "the cluster has no \(kind) resources", cause: "the operator is not deployed",
      hint: "'vineyardctl deploy operator --create-namespace' deploys it")
  }
}

/// The one word that stands for standard input.
enum StandardInputMark: String, ExpressibleByArgument {
  case standardInput = "-"
}
