import ArgumentParser
import Deployer
import KubernetesObjects
import Manifests
import Support

/// A cluster without an operator: its workloads, rendered here.
struct VineyardDeploymentTarget: DeploymentTarget {
  static let commandName = "vineyard-deployment"
  static let summary = "a cluster without the operator, as plain workloads"
  static let exampleFlags = "--name second --replicas 2"

  @OptionGroup var images: ImageArguments
  @OptionGroup var cluster: VineyarddArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Take the description from a Vineyardd resource in this file.", valueName: "file"),
    completion: .file())
  var file: String?

  @Option(
    name: .customLong("owner-references"),
    help: ArgumentHelp("Owner references of every object, as a JSON array.", valueName: "array"))
  var ownerReferences: String?

  @Argument(help: ArgumentHelp("'-' reads --vineyardd.spill.pv-pvc-spec from standard input.", valueName: "-"))
  var input: StandardInputMark?

  func plan(_ setting: Setting) throws -> Plan {
    let spec = try spec(setting)
    let owners = try owners()
    let workload = Self.workload(spec.name, in: spec.namespace)
    let objects = try Manifests.vineyardd(
      spec, uid: nil, controlledByOperator: false, platform: setting.facts?.platform ?? .plain
    ).map { object in
      var object = object
      if file == nil, object.reference == workload {
        setting.remember(setting.record, DeclaredFlags(Self.self), in: &object)
      }
      if !owners.isEmpty { object.tree["metadata", "ownerReferences"] = .array(owners) }
      return object
    }
    return Plan(
      "vineyard deployment \(spec.namespace)/\(spec.name)", objects: try setting.namespaceObjects + objects,
      retiring: [
        .etcdMembers(of: spec.name, in: spec.namespace, successor: workload)
      ])
  }

  private func spec(_ setting: Setting) throws -> VineyarddSpec {
    guard let file else {
      let resource = try cluster.resource(
        setting, image: images.options(setting.host),
        replicas: setting.replicas(cluster.replicas, for: cluster.placement.placement()),
        standardInput: input != nil)
      return try VineyarddSpec(customResource: resource)
    }
    var resource = try ResourceFile.read(file, setting, type: VineyarddTarget.type)
    resource.namespace = resource.namespace ?? setting.namespace
    let spec = try VineyarddSpec(customResource: resource)
    try spec.validate()
    return spec
  }

  private func owners() throws -> [Value] {
    guard let text = ownerReferences?.nonEmpty else { return [] }
    guard let owners = (try? Value(yaml: text))?.array, owners.allSatisfy({ $0["uid"]?.string != nil }) else {
      throw CommandError(
        .usage, "--owner-references is no array of owner references",
        hint: "write [{\"apiVersion\": …, \"kind\": …, \"name\": …, \"uid\": …}]")
    }
    return owners
  }

  func memory(in namespace: String) -> Memory? {
    file == nil ? .workload(Self.workload(cluster.name, in: namespace)) : nil
  }

  func scaledObject(in namespace: String) -> ObjectReference? {
    guard file == nil, cluster.replicas == nil else { return nil }
    return Self.workload(cluster.name, in: namespace)
  }

  private static func workload(_ name: String, in namespace: String) -> ObjectReference {
    ObjectReference(type: ObjectType(apiVersion: "apps/v1", kind: "Deployment"), namespace: namespace, name: name)
  }
}
