import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesObjects
import Manifests
import Operator
import Support

/// A cluster without an operator: its workloads, rendered here.
struct VineyardDeploymentTarget: DeploymentTarget {
  static let commandName = "vineyard-deployment"
  static let summary = "a cluster without the operator, as plain workloads"
  static let exampleFlags = "--name second --replicas 2"
  static let rendersStores = true

  @OptionGroup var images: ImageArguments
  @OptionGroup var cluster: VineyarddArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Take the description, with its namespace, from a Vineyardd resource in this file, instead of flags.",
      valueName: "file"),
    completion: .file())
  var file: String?

  @Option(
    name: .customLong("owner-references"),
    help: ArgumentHelp("Owner references of every object, as a JSON array.", valueName: "array"))
  var ownerReferences: String?

  @Argument(help: ArgumentHelp("'-' reads --vineyardd.spill.pv-pvc-spec from standard input.", valueName: "-"))
  var input: StandardInputMark?

  func checkFlags(_ context: DeploymentContext) throws {
    if let file {
      _ = try context.cluster(from: file)
    } else {
      try cluster.spec(context, images, input: input).validate()
    }
    _ = try owners()
  }

  func plan(_ context: DeploymentContext, _ notes: inout [Note]) throws -> Plan {
    var spec =
      try file.map { try context.cluster(from: $0).spec }
      ?? VineyarddSpec(customResource: cluster.resource(context, images, input: input, &notes))
    let workload = Self.workload(spec.name, in: spec.namespace)
    if try spec.store.statedMemory() == nil {
      spec.store.assumedMemory = assumedMemory(of: workload, spec.placement, context, &notes)
    }
    let stores = context.stores.first { $0.reference == workload }
    spec.keepMetadata(of: stores)
    if spec.keepPeerTLS(of: stores) {
      notes.append(
        Note(
          .action,
          "stores offer TLS to each other for now (--vineyardd.peer_tls offer), so that old and new ones can read from "
            + "each other: deploy again when all are replaced"))
    }
    let owners = try owners()
    var rendered = try Manifests.vineyardd(
      spec, uid: nil, controlledByOperator: false, platform: context.facts?.platform ?? .plain)
    try rendered.issueEtcdCertificates(of: spec, present: context.etcdSecret)
    let objects = rendered.map { object in
      var object = object
      if file == nil, object.reference == workload {
        context.remember(context.record, DeclaredFlags(Self.self), in: &object)
      }
      if !owners.isEmpty { object.tree["metadata", "ownerReferences"] = .array(owners) }
      return object
    }
    return Plan(
      "vineyard deployment \(spec.namespace)/\(spec.name)", objects: try context.namespaceObjects + objects,
      cleaningUp: [
        .etcdMembers(of: spec.name, in: spec.namespace, successor: workload),
        .plainEtcd(of: spec, successor: workload),
      ])
  }

  /// Memory of stores whose size nobody names: their present memory, else their share of the nodes.
  private func assumedMemory(
    of workload: ObjectReference, _ placement: PodPlacement, _ context: DeploymentContext, _ notes: inout [Note]
  ) -> String {
    let present = context.stores.first { $0.reference == workload }?.annotations[Manifests.assumedMemoryAnnotation]
    let others = context.stores.filter { $0.reference != workload }.compactMap { DefaultStoreMemory.limit(of: $0) }
    let nodes = context.facts?.nodes
    let memory = present ?? DefaultStoreMemory.share(of: nodes, for: placement, taken: DefaultStoreMemory.sum(others))
    let share = nodes.map { _ in "half of what the smallest node has for pods, less other clusters' stores" }
    let reason = present.map { _ in "as deployed" } ?? share ?? "the nodes are not known"
    notes.append(Note(.action, "memory of a store: \(memory), \(reason) (--vineyardd.size changes it)"))
    return memory
  }

  private func owners() throws -> [Value] {
    guard let text = ownerReferences?.nonEmpty else { return [] }
    guard let owners = (try? Value(yaml: text))?.array, owners.allSatisfy({ $0["uid"]?.string != nil }) else {
      throw ProgramError(
        .usage, "--owner-references is no array of owner references",
        hint: "write [{\"apiVersion\": …, \"kind\": …, \"name\": …, \"uid\": …}]")
    }
    return owners
  }

  func earlierFlags(in namespace: String) -> EarlierFlags? {
    file == nil ? .workload(Self.workload(cluster.name, in: namespace)) : nil
  }

  func etcdSecret(_ context: DeploymentContext) throws -> ObjectReference? {
    var spec = VineyarddSpec()
    (spec.name, spec.namespace) = (cluster.name, context.namespace)
    return EtcdSecret.authority.reference(try file.map { try context.cluster(from: $0).spec } ?? spec)
  }

  func scaledObject(in namespace: String) -> ObjectReference? {
    guard file == nil, cluster.replicas == nil else { return nil }
    return Self.workload(cluster.name, in: namespace)
  }

  private static func workload(_ name: String, in namespace: String) -> ObjectReference {
    ObjectReference(type: .deployment, namespace: namespace, name: name)
  }
}
