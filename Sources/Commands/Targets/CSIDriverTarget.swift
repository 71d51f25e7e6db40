import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// A CSI driver for one or more clusters.
struct CSIDriverTarget: DeploymentTarget {
  static let commandName = "csidriver"
  static let summary = "a CSI driver that makes volumes of clusters for pods"
  static let exampleFlags = "--clusters vineyard-system/vineyardd-sample"
  static let type = ObjectType.csiDriver

  /// False, since the driver is in the namespace of its operator.
  static let needsNamespace = false

  @OptionGroup var images: ImageArguments
  @OptionGroup var driver: CSIDriverArguments

  @Argument(help: .hidden)
  var input: StandardInputMark?

  func checkFlags(_ context: DeploymentContext) throws { try described(context).validate() }

  func plan(_ context: DeploymentContext, _ notes: inout [Note]) throws -> Plan {
    var described = try described(context)
    if driver.fields.values["kubelet-directory"] == nil, let nodes = context.facts?.nodes,
      let directory = try NodeFacts.kubeletDirectory(nodes)
    {
      notes.append(Note(.action, "the kubelets work in \(directory) (--kubelet-directory changes it)"))
      described.kubeletDirectory = directory
    }
    let resource = context.keeping(described.customResource(), .csiDriver, &notes)
    let spec = try CSIDriverSpec(customResource: resource)
    try spec.validate()
    if driver.fields.values["attacherImage"] != nil {
      notes.append(Note(.warning, "--attacherImage has no effect: volumes need no attaching"))
    }
    let classes = spec.clusters.map(\.storageClassName).joined(separator: ", ")
    return Plan(
      "csidriver \(spec.name) (storage class \(classes))", objects: try context.namespaceObjects + [resource])
  }

  /// The driver that the flags describe.
  private func described(_ context: DeploymentContext) throws -> CSIDriverSpec {
    try driver.spec(images.options(context.host), isVerbose: context.isVerbose)
  }

  func earlierFlags(in namespace: String) -> EarlierFlags? {
    .resource(Self.resource(driver.name).reference, .csiDriver)
  }

  /// True unless the clusters are given: nothing else has to be, and they only once.
  static func mayBeCompleted(_ named: Set<String>) -> Bool { !named.contains("clusters") }

  func checkPrerequisites(of plan: Plan, _ client: KubernetesClient) async throws -> [Note] {
    try await Self.type.require(of: client)
    guard let resource = plan.objects.first(where: { $0.reference.type == Self.type }) else { return [] }
    let spec = try CSIDriverSpec(customResource: resource)
    if spec.sidecar.enableSnapshots, try await client.resource(for: .snapshotClass) == nil {
      throw ProgramError(
        .failed, "the cluster has no VolumeSnapshots", cause: "their definitions are not installed",
        hint: "install definitions and controller of github.com/kubernetes-csi/external-snapshotter first, or leave "
          + "--sidecar.enableSnapshots out")
    }
    var notes: [Note] = []
    for cluster in spec.clusters {
      let reference = VineyarddTarget.resource(cluster.name, in: cluster.namespace).reference
      guard let live = try await client.get(reference) else {
        notes.append(
          Note(.warning, "there is no \(reference) yet; the driver serves it once it is deployed"))
        continue
      }
      let tolerations = live.tree["spec", "tolerations"]?.array ?? []
      if !tolerations.isEmpty, spec.placement.tolerations.isEmpty, !spec.enableToleration {
        notes.append(
          Note(
            .warning,
            "the stores of \(reference) tolerate taints, and pods find their volumes only where the driver runs, too: "
              + "repeat --tolerations here"))
      }
    }
    return notes
  }

  func nextStep(in namespace: String) -> String? {
    var described = CSIDriverSpec()
    guard (try? driver.fields.apply(to: &described)) != nil, let first = described.clusters.first else { return nil }
    return "a PersistentVolumeClaim with the storageClassName \(first.storageClassName) is a volume for pods"
  }

  /// A resource by its name, for its removal.
  static func resource(_ name: String) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": ["name": .string(name)],
    ])
  }
}
