/// Which fields of a custom resource each flag sets, so that a deployment touches only those that are named.
struct SpecFlags: Sendable {
  /// Paths below `spec`, with dots, by the name of the flag; flags that set no field have none.
  let paths: [String: [String]]

  /// The fields that some flags set.
  func fields(of flags: some Sequence<String>) -> [[String]] {
    flags.reduce(into: []) { fields, flag in
      for path in paths[flag] ?? [] { fields.append(path.split(separator: ".").map(String.init)) }
    }
  }

  /// Whether there are flags for parts of a field.
  func setFields(below field: [String]) -> Bool {
    let prefix = field.joined(separator: ".") + "."
    return paths.values.contains { $0.contains { $0.hasPrefix(prefix) } }
  }

  /// The flag that sets a field, as people write it; nil for a field without a flag.
  func flag(for field: [String]) -> String? {
    let path = field.joined(separator: ".")
    // Of two flags for one field the longer name says more: vineyardd.image, not image.
    return paths.filter { $0.value.contains(path) }.keys.max { ($0.count, $0) < ($1.count, $1) }
  }
}

extension SpecFlags {
  static let vineyardd = SpecFlags(paths: [
    "name": [],
    "replicas": ["replicas"],
    "etcd.replicas": ["etcdReplicas"],
    "image": ["vineyard.image"],
    "imagePullPolicy": ["vineyard.imagePullPolicy"],
    "image-registry": ["imageRegistry"],
    "vineyardd.image": ["vineyard.image"],
    "vineyardd.imagePullPolicy": ["vineyard.imagePullPolicy"],
    "vineyardd.syncCRDs": ["vineyard.syncCRDs"],
    "vineyardd.socket": ["vineyard.socket"],
    "vineyardd.size": ["vineyard.size"],
    "vineyardd.reserve_memory": ["vineyard.reserveMemory"],
    "vineyardd.streamThreshold": ["vineyard.streamThreshold"],
    "vineyardd.overwrite": ["vineyard.overwrite"],
    "vineyardd.deleted_memory": ["vineyard.deletedMemory"],
    "vineyardd.envs": ["vineyard.env"],
    "vineyardd.memory": ["vineyard.memory"],
    "vineyardd.cpu": ["vineyard.cpu"],
    "vineyardd.spill.config": ["vineyard.spill.name"],
    "vineyardd.spill.path": ["vineyard.spill.path"],
    "vineyardd.spill.spillLowerRate": ["vineyard.spill.spillLowerRate"],
    "vineyardd.spill.spillUpperRate": ["vineyard.spill.spillUpperRate"],
    "vineyardd.spill.pv-pvc-spec": [
      "vineyard.spill.persistentVolumeSpec", "vineyard.spill.persistentVolumeClaimSpec",
    ],
    "vineyardd.volume.pvcname": ["volume.pvcName"],
    "vineyardd.volume.mountPath": ["volume.mountPath"],
    "securityContext": ["securityContext"],
    "volume": ["volumes"],
    "volumeMount": ["volumeMounts"],
    "vineyardd.metric.enable": ["metric.enable"],
    "vineyardd.allowClusterScope": ["allowClusterScope"],
    "vineyardd.metric.image": ["metric.image"],
    "vineyardd.metric.imagePullPolicy": ["metric.imagePullPolicy"],
    "vineyardd.service.type": ["service.type"],
    "vineyardd.service.port": ["service.port"],
    "pluginImage.backupImage": ["pluginImage.backupImage"],
    "pluginImage.recoverImage": ["pluginImage.recoverImage"],
    "pluginImage.daskRepartitionImage": ["pluginImage.daskRepartitionImage"],
    "pluginImage.localAssemblyImage": ["pluginImage.localAssemblyImage"],
    "pluginImage.distributedAssemblyImage": ["pluginImage.distributedAssemblyImage"],
    "node-selector": ["nodeSelector"],
    "tolerations": ["tolerations"],
    "architectures": ["architectures"],
    "image-pull-secrets": ["imagePullSecrets"],
    "selinux": ["seLinuxOptions"],
    "file": [],
  ])

  static let csiDriver = SpecFlags(paths: [
    "name": [],
    "clusters": ["clusters"],
    "image": ["image"],
    "imagePullPolicy": ["imagePullPolicy"],
    "image-registry": ["imageRegistry"],
    "storageClassName": ["storageClassName"],
    "volumeBindingMode": ["volumeBindingMode"],
    "enableToleration": ["enableToleration"],
    "scope": ["scope"],
    "on-delete": ["onDelete"],
    "quota": ["quota"],
    "overwrite": ["overwrite"],
    "deleted-memory": ["deletedMemory"],
    "node-selector": ["nodeSelector"],
    "tolerations": ["tolerations"],
    "architectures": ["architectures"],
    "image-pull-secrets": ["imagePullSecrets"],
    "selinux": ["seLinuxOptions"],
    "kubelet-directory": ["kubeletDirectory"],
    "controller.replicas": ["replicas"],
    "verbose": ["enableVerboseLog"],
    "provisionerImage": ["sidecar.provisionerImage"],
    "resizerImage": ["sidecar.resizerImage"],
    "attacherImage": ["sidecar.attacherImage"],
    "nodeRegistrarImage": ["sidecar.nodeRegistrarImage"],
    "livenessProbeImage": ["sidecar.livenessProbeImage"],
    "snapshotterImage": ["sidecar.snapshotterImage"],
    "sidecar.imagePullPolicy": ["sidecar.imagePullPolicy"],
    "sidecar.enableTopology": ["sidecar.enableTopology"],
    "sidecar.enableSnapshots": ["sidecar.enableSnapshots"],
  ])
}
