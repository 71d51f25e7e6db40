import Documents
import KubernetesObjects
import Manifests
import SeededRandom

/// Specs that set what the defaults leave out.
enum Samples {
  /// A resource with no more settings than it must have.
  static func resource(of kind: ResourceKind) -> KubernetesObject {
    var resource = KubernetesObject([
      "apiVersion": .string(kind.type.apiVersion), "kind": .string(kind.type.kind), "metadata": ["name": "sample"],
    ])
    if kind.isNamespaced { resource.namespace = "team" }
    if kind.type == .csiDriver { resource.tree["spec", "clusters"] = [["namespace": "team", "name": "numbers"]] }
    return resource
  }

  /// A cluster with every field set to something else than its default.
  static func fullCluster() throws -> VineyarddSpec {
    var spec = VineyarddSpec()
    spec.name = "numbers"
    spec.namespace = "research"
    spec.replicas = 5
    spec.etcdReplicas = 3
    spec.imageRegistry = "mirror.example.com:5000/proxy"
    spec.service.type = "NodePort"
    spec.service.port = 9700
    spec.store.image = "registry.example.com/team/vineyardctl:2.0"
    spec.store.imagePullPolicy = "Always"
    spec.store.syncCRDs = false
    spec.store.socket = "/srv/{{.Namespace}}/sockets/{{.Name}}"
    spec.store.size = "4Gi"
    spec.store.reserveMemory = true
    spec.store.streamThreshold = 60
    spec.store.overwrite = "delete"
    spec.store.deletedMemory = "keep"
    spec.store.metadata = "etcd"
    spec.store.peerTLS = "offer"
    spec.store.env = [
      try VineyarddSpec.EnvironmentVariable(flag: "MODE=fast=yes"),
      VineyarddSpec.EnvironmentVariable(
        name: "REGION", value: nil, valueFrom: ["fieldRef": ["fieldPath": "metadata.labels['region']"]]),
    ]
    spec.store.memory = "6Gi"
    spec.store.cpu = "1500m"
    spec.store.spill.name = "overflow"
    spec.store.spill.path = "/var/spill"
    spec.store.spill.spillLowerRate = "0.4"
    spec.store.spill.spillUpperRate = "0.9"
    try spec.store.spill.readVolumes(
      """
      pv-spec:
        accessModes: [ReadWriteOnce]
        capacity: {storage: 10Gi}
        storageClassName: manual
        hostPath: {path: /mnt/overflow}
      pvc-spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 10Gi}}
        storageClassName: manual
      """)
    spec.etcd.image = "quay.io/coreos/etcd:v3.6.8"
    spec.etcd.imagePullPolicy = "Never"
    spec.etcd.storageSize = "2Gi"
    spec.etcd.storageClassName = "fast"
    spec.pluginImage.backupImage = "example.com/backup:1"
    spec.pluginImage.recoverImage = "example.com/recover:1"
    spec.pluginImage.daskRepartitionImage = "example.com/repartition:1"
    spec.pluginImage.localAssemblyImage = "example.com/local:1"
    spec.pluginImage.distributedAssemblyImage = "example.com/distributed:1"
    spec.metric.enable = true
    spec.allowClusterScope = true
    spec.metric.image = "example.com/exporter:1"
    spec.metric.imagePullPolicy = "Never"
    spec.volume.pvcName = "sockets"
    spec.volume.mountPath = "/run/vineyard"
    spec.securityContext = ["runAsUser": 1000, "capabilities": ["add": ["SYS_ADMIN"]]]
    spec.volumes = [["name": "scratch", "emptyDir": [:]]]
    spec.volumeMounts = [["name": "scratch", "mountPath": "/scratch"]]
    spec.placement = placement
    spec.priorityClassName = "important"
    return spec
  }

  /// A driver of the tutorial's cluster.
  static func driver() -> CSIDriverSpec {
    var spec = CSIDriverSpec()
    spec.clusters = [CSIDriverSpec.Cluster(namespace: "vineyard-system", name: "vineyardd-sample")]
    return spec
  }

  /// A driver with every field set to something else than its default.
  static func fullDriver() throws -> CSIDriverSpec {
    var spec = CSIDriverSpec()
    spec.name = "vineyard-csi-sample"
    spec.clusters = [
      try CSIDriverSpec.Cluster(flag: "research/numbers"), try CSIDriverSpec.Cluster(flag: "sales/letters"),
    ]
    spec.clusters[1].scope = "volume"
    spec.clusters[1].onDelete = "delete"
    spec.clusters[1].quota = "none"
    spec.clusters[1].overwrite = "delete"
    spec.clusters[1].deletedMemory = "reuse"
    spec.clusters[1].locality = "cluster"
    spec.image = "registry.example.com/team/vineyardctl:2.0"
    spec.imagePullPolicy = "Always"
    spec.imageRegistry = "mirror.example.com"
    spec.replicas = 2
    spec.storageClassName = "vineyard-csi"
    spec.volumeBindingMode = "Immediate"
    spec.scope = "cluster"
    spec.onDelete = "retain"
    spec.quota = "4Gi"
    spec.overwrite = "keep"
    spec.deletedMemory = "keep"
    spec.locality = "node"
    spec.kubeletDirectory = "/var/lib/k0s/kubelet"
    spec.enableToleration = true
    spec.enableVerboseLog = true
    spec.placement = placement
    spec.sidecar.provisionerImage = "example.com/a/provisioner:1"
    spec.sidecar.resizerImage = "example.com/a/resizer:1"
    spec.sidecar.attacherImage = "example.com/a/attacher:1"
    spec.sidecar.nodeRegistrarImage = "example.com/a/registrar:1"
    spec.sidecar.livenessProbeImage = "example.com/a/probe:1"
    spec.sidecar.snapshotterImage = "example.com/a/snapshotter:1"
    spec.sidecar.imagePullPolicy = "Always"
    spec.sidecar.enableTopology = false
    spec.sidecar.enableSnapshots = true
    return spec
  }

  /// An operator with every option set to something else than its default.
  static let fullOperator = OperatorOptions(
    namespace: "research",
    image: ImageOptions(
      image: "registry.example.com/team/vineyardctl:2.0", pullPolicy: "Always", registry: "mirror.example.com"),
    replicas: 2, verbose: true)

  /// Pods for nodes of a kind, with an image of a private registry.
  static let placement: PodPlacement = {
    var placement = PodPlacement()
    placement.nodeSelector = ["disk": "nvme"]
    placement.tolerations = [["key": "gpu", "operator": "Exists", "effect": "NoSchedule"]]
    placement.architectures = ["amd64", "arm64"]
    placement.imagePullSecrets = ["registry-login"]
    placement.seLinuxOptions = ["user": "system_u", "role": "system_r", "type": "spc_t", "level": "s0"]
    return placement
  }()

  /// A token that is the same in every run.
  static let adminToken: AdminToken = {
    var generator = SplitMix64(seed: 1)
    return AdminToken.random(using: &generator)
  }()

  /// The uid of a custom resource.
  static let uid = "8d7b5b6c-0f4e-4f6b-9a53-2f8f1a1c0d11"
}
