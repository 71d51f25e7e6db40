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
  static let summary = "a CSI driver that gives clusters out as volumes"
  static let exampleFlags = "--clusters vineyard-system/vineyardd-sample"
  static let type = ObjectType(apiVersion: Manifests.apiVersion, kind: "CSIDriver")

  private static let snapshotClass = ObjectType(
    apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotClass")

  /// It is where its operator is.
  static let needsNamespace = false

  @OptionGroup var images: ImageArguments
  @OptionGroup var driver: CSIDriverArguments
  @OptionGroup var sidecars: SidecarArguments

  @Argument(help: .hidden)
  var input: StandardInputMark?

  func plan(_ setting: Setting) throws -> Plan {
    let resource = try resource(setting)
    let spec = try CSIDriverSpec(customResource: resource)
    if sidecars.attacherImage != nil {
      setting.story.tell(.warning, "--attacherImage has no effect: volumes need no attaching")
    }
    let classes = spec.clusters.map(\.storageClassName).joined(separator: ", ")
    return Plan(
      "csidriver \(spec.name) (storage class \(classes))", objects: try setting.namespaceObjects + [resource])
  }

  /// The driver that the flags describe, together with what is deployed.
  private func resource(_ setting: Setting) throws -> KubernetesObject {
    var described = try driver.spec(images.options(setting.host), isVerbose: setting.isVerbose)
    sidecars.apply(to: &described.sidecar)
    if driver.kubeletDirectory == nil, let nodes = setting.facts?.nodes,
      let directory = try NodeFacts.kubeletDirectory(nodes)
    {
      setting.story.tell(.action, "the kubelets work in \(directory) (--kubelet-directory changes it)")
      described.kubeletDirectory = directory
    }
    let resource = setting.keeping(described.customResource(), .csiDriver)
    try CSIDriverSpec(customResource: resource).validate()
    return resource
  }

  func memory(in namespace: String) -> Memory? { .resource(Self.resource(driver.name).reference, .csiDriver) }

  /// Only the clusters have to be given, and only once.
  static func mayBeCompleted(_ named: Set<String>) -> Bool { !named.contains("clusters") }

  func requirePrerequisites(_ client: KubernetesClient, _ setting: Setting) async throws {
    try await Self.type.require(of: client)
    var quiet = setting
    quiet.story = Story { _ in }
    let spec = try CSIDriverSpec(customResource: try resource(quiet))
    if spec.sidecar.enableSnapshots, try await client.resource(for: Self.snapshotClass) == nil {
      throw CommandError(
        .failed, "the cluster has no VolumeSnapshots", cause: "their definitions are not installed",
        hint: "install definitions and controller of github.com/kubernetes-csi/external-snapshotter first, or leave "
          + "--sidecar.enableSnapshots out")
    }
    for cluster in spec.clusters {
      let reference = VineyarddTarget.resource(cluster.name, in: cluster.namespace).reference
      guard let live = try await client.get(reference) else {
        setting.story.tell(.warning, "there is no \(reference) yet; the driver serves it once it is deployed")
        continue
      }
      let tolerations = live.tree["spec", "tolerations"]?.array ?? []
      if !tolerations.isEmpty, spec.placement.tolerations.isEmpty, !spec.enableToleration {
        setting.story.tell(
          .warning,
          "the stores of \(reference) tolerate taints, and pods find their volumes only where the driver runs, too: "
            + "repeat --tolerations here")
      }
    }
  }

  func nextStep(in namespace: String) -> String? {
    guard let first = try? driver.clusterList().first else { return nil }
    return "a PersistentVolumeClaim with the storageClassName \(first.storageClassName) is a volume for pods"
  }

  /// A resource by its name, for its removal.
  static func resource(_ name: String) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": ["name": .string(name)],
    ])
  }
}
