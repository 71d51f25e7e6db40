import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesObjects
import Manifests
import Support

/// The operator and a cluster that it runs.
struct VineyardClusterTarget: DeploymentTarget {
  static let commandName = "vineyard-cluster"
  static let summary = "the operator and a cluster that it runs"
  static let exampleFlags = "--vineyardd.size 8Gi"
  static let hasOperator = true

  @OptionGroup var images: ImageArguments
  @OptionGroup var operators: OperatorArguments
  @OptionGroup var cluster: VineyarddArguments

  func plan(_ setting: Setting) throws -> Plan {
    let manager = try setting.operatorTarget()
    let resource = try cluster.resource(
      setting, image: images.options(setting.host),
      replicas: setting.replicas(cluster.replicas, for: cluster.placement.placement()))
    let objects = try manager.operators.objects(
      setting, manager.images.options(setting.host), manager.placement.placement().ofOperator)
    return Plan(
      "vineyard cluster \(setting.namespace)/\(resource.name)", objects: objects + [resource],
      retiring: manager.operators.retirements(setting) + [
        .etcdMembers(of: resource.name, in: setting.namespace, successor: resource.reference)
      ])
  }

  func memory(in namespace: String) -> Memory? {
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
  /// - Throws: `CommandError` with code `usage` when it makes no sense, or when no node has room for its stores.
  func resource(
    _ setting: Setting, image: ImageOptions, replicas: Int, standardInput: Bool = false
  ) throws -> KubernetesObject {
    let described = try spec(setting, image: image, replicas: replicas, standardInput: standardInput)
    // Unreadable is only what a newer program has put in.
    let resource = setting.keeping(described.customResource(), .vineyardd)
    let spec = try VineyarddSpec(customResource: resource)
    try spec.validate()
    if let nodes = setting.facts?.nodes, let size = try? ByteSize.parse(spec.store.size) {
      try NodeFacts.requireRoom(for: size.bytes, on: nodes, placement: spec.placement)
    }
    return resource
  }
}
