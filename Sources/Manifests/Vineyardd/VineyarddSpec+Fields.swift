import Documents
import Support

extension VineyarddSpec: FieldTable {
  public static let fields: [Field<VineyarddSpec>] =
    sizeFields + storeFields + spillFields + podFields + serviceFields + clusterFields
    + PodPlacement.fields(of: "a store").map { $0.lifted(to: \.placement) } + pluginFields + etcdFields

  private static let sizeFields: [Field<VineyarddSpec>] = [
    Field(
      "replicas", \.replicas, .integer(0...10_000, "number of replicas"), "Stores, each on a node of its own.",
      schema: ["maximum": nil], otherFlags: ["replicas"]),
    Field(
      "etcdReplicas", \.etcdReplicas, .integer(1...9, "number of etcd replicas"),
      "Members of etcd, an odd number of which is best; may grow.",
      schema: [
        "x-kubernetes-validations": [
          ["rule": "self >= oldSelf", "message": "the number of etcd members cannot be lowered, make a new cluster"]
        ]
      ],
      flag: FieldFlag(
        "etcd.replicas", "Number of etcd members: with 3 the loss of one is not felt, with 5 that of two.")),
    Field(
      "imageRegistry", \.imageRegistry, .optionalText(0...255) { try Rule.registry($0) },
      "Replaces the registry of every image, such as mirror.example.com:5000/proxy.", otherFlags: ["image-registry"]),
  ]

  /// The fields of the pods.
  private static let podFields: [Field<VineyarddSpec>] = [
    Field(
      "volume.pvcName", \.volume.pvcName, .text(0...253, omitsEmpty: true), "Name of the claim.",
      flag: FieldFlag(
        "vineyardd.volume.pvcname", "name", "PersistentVolumeClaim for the socket instead of a directory on the node.")),
    Field(
      "volume.mountPath", \.volume.mountPath, .text(0...512, omitsEmpty: true),
      "Where it is mounted; without it in /var/run.",
      flag: FieldFlag("vineyardd.volume.mountPath", "directory", "Where the claim is mounted.")),
    Field(
      "securityContext", \.securityContext, .securityContext,
      "SecurityContext of the store's container, field by field on top of the one it has by itself.",
      flag: FieldFlag("securityContext", "object", "Security context of the container, as JSON.")),
    Field(
      "volumes", \.volumes, .objects(64), "More volumes of the store's pod.",
      flag: FieldFlag("volume", "array", "More volumes, as a JSON array.")),
    Field(
      "volumeMounts", \.volumeMounts, .objects(64), "More mounts of the store's container.",
      flag: FieldFlag("volumeMount", "array", "More mounts, as a JSON array.")),
    Field(
      "priorityClassName", \.priorityClassName, .optionalText(0...253) { try Rule.subdomain($0, "priority class") },
      "Priority of the stores."),
  ]

  /// The fields of Services.
  private static let serviceFields: [Field<VineyarddSpec>] = [
    Field(
      "metric.enable", \.metric.enable, .boolean(),
      "Whether a Service with annotations for Prometheus points at them.",
      flag: FieldFlag("vineyardd.metric.enable", "Offer the metrics to Prometheus.")),
    Field(
      "metric.image", \.metric.image, .optionalText(0...512), "Without effect, kept for manifests written for 0.24.",
      flag: FieldFlag("vineyardd.metric.image", "image", "No effect: stores serve metrics themselves.")),
    Field(
      "metric.imagePullPolicy", \.metric.imagePullPolicy, .optionalText(0...16),
      "Without effect, kept for manifests written for 0.24.",
      flag: FieldFlag("vineyardd.metric.imagePullPolicy", "policy", "No effect, as above.")),
    Field(
      "service.type", \.service.type, .oneOf(["ClusterIP", "NodePort", "LoadBalancer"], "service type"),
      "Type of the Service.", flag: FieldFlag("vineyardd.service.type", "type", "Type of the RPC Service.")),
    Field(
      "service.port", \.service.port, .integer(1...65535, "service port"),
      "Port of the Service; the stores themselves listen on 9600.",
      flag: FieldFlag("vineyardd.service.port", "port", "Port of the RPC Service.")),
  ]

  /// Settings of the stores that are not below `vineyard`.
  static let clusterFields: [Field<VineyarddSpec>] = [
    Field(
      "allowClusterScope", \.allowClusterScope, .boolean(omitsOff: true),
      "Whether inline volumes, which the authors of pods describe, may reach the objects of the stores "
        + "(scope cluster, onDelete retain).",
      flag: FieldFlag(
        "vineyardd.allowClusterScope",
        "Let inline volumes of pods reach the objects of the stores (scope 'cluster')."),
      argument: "allow_cluster_scope")
  ]

  /// Images of jobs.
  private static let pluginFields: [Field<VineyarddSpec>] = [
    Field(
      "pluginImage.backupImage", \.pluginImage.backupImage, .optionalText(0...512),
      flag: FieldFlag("pluginImage.backupImage", "image", "No effect yet: image of backup jobs.")),
    Field(
      "pluginImage.recoverImage", \.pluginImage.recoverImage, .optionalText(0...512),
      flag: FieldFlag("pluginImage.recoverImage", "image", "No effect yet: image of recovery jobs.")),
    Field(
      "pluginImage.daskRepartitionImage", \.pluginImage.daskRepartitionImage, .optionalText(0...512),
      flag: FieldFlag("pluginImage.daskRepartitionImage", "image", "No effect yet: image of repartition jobs.")),
    Field(
      "pluginImage.localAssemblyImage", \.pluginImage.localAssemblyImage, .optionalText(0...512),
      flag: FieldFlag("pluginImage.localAssemblyImage", "image", "No effect yet: image of local assembly jobs.")),
    Field(
      "pluginImage.distributedAssemblyImage", \.pluginImage.distributedAssemblyImage, .optionalText(0...512),
      flag: FieldFlag(
        "pluginImage.distributedAssemblyImage", "image", "No effect yet: image of distributed assembly jobs.")),
  ]

  private static let etcdFields: [Field<VineyarddSpec>] = [
    Field("etcd.image", \.etcd.image, .image("etcd image"), "Image of etcd."),
    Field(
      "etcd.imagePullPolicy", \.etcd.imagePullPolicy, .pullPolicy("etcd image"), "When nodes pull the image."),
    Field(
      "etcd.storage.size", \.etcd.storageSize, .quantity(1...32, "etcd storage size"), "Size of the claim.",
      flag: FieldFlag(
        "etcd.storage", "size", "Size of a volume claim for each member of etcd; default: its data is in the pod.")),
    Field(
      "etcd.storage.storageClassName", \.etcd.storageClassName,
      .optionalText(0...253) { try Rule.subdomain($0, "etcd storage class") },
      "Class of the claim; without it the default class.",
      flag: FieldFlag(
        "etcd.storage_class", "name", "Storage class of these claims; default: that of the Kubernetes cluster.")),
  ]
}

extension FieldFormat where Content == Value? {
  /// A security context of a container.
  fileprivate static var securityContext: Self {
    let object = Self.object
    return object.parsing { value, flag in
      let context = try object.parse(value, flag)
      if let unknown = context?.fields?.keys.first(where: { !securityFields.contains($0) }) {
        throw ProgramError(
          .usage, "\(flag) has an unknown field '\(unknown)'",
          hint: nearest(to: unknown, in: securityFields).map { "did you mean \($0)?" }
            ?? "'kubectl explain pod.spec.containers.securityContext' lists the fields")
      }
      return context
    }
  }

  /// Source: SecurityContext of core/v1.
  private static var securityFields: [String] {
    [
      "allowPrivilegeEscalation", "appArmorProfile", "capabilities", "privileged", "procMount",
      "readOnlyRootFilesystem", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions", "seccompProfile",
      "windowsOptions",
    ]
  }
}
