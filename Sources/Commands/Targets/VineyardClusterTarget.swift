import ArgumentParser
import Deployer
import Documents
import Manifests
import Support

/// The operator and a cluster that it runs.
struct VineyardClusterTarget: DeploymentTarget {
  static let commandName = "vineyard-cluster"
  static let summary = "the operator and a cluster that it runs"
  static let hasOperator = true

  @OptionGroup var images: ImageArguments
  @OptionGroup var operators: OperatorArguments
  @OptionGroup var cluster: VineyarddArguments

  func plan(_ setting: Setting) throws -> Plan {
    let image = images.options(setting.host)
    let spec = try cluster.checkedSpec(setting, image: image, replicas: setting.replicas(cluster.replicas))
    let resource = spec.customResource()
    return Plan(
      "vineyard cluster \(setting.namespace)/\(spec.name)",
      objects: try operators.objects(setting, image) + [resource],
      retiring: [
        operators.retirement(setting),
        .etcdMembers(of: spec.name, in: setting.namespace, successor: resource.reference),
      ])
  }

  func scaledObject(in namespace: String) -> ObjectReference? {
    cluster.replicas == nil ? VineyarddTarget.resource(cluster.name, in: namespace).reference : nil
  }

  /// The image that nodes need for it.
  func image(_ host: HostFacts) -> String { images.options(host).reference }
}

extension VineyarddArguments {
  /// The cluster that the flags describe, once it is clear that the nodes have room for its stores.
  func checkedSpec(
    _ setting: Setting, image: ImageOptions, replicas: Int, standardInput: Bool = false
  ) throws -> VineyarddSpec {
    let spec = try spec(setting, image: image, replicas: replicas, standardInput: standardInput)
    if let nodes = setting.facts?.nodes, let size = try? ByteSize.parse(spec.store.size) {
      try NodeFacts.requireRoom(for: size.bytes, on: nodes)
    }
    return spec
  }
}
