/// Types that the programs name.
extension ObjectType {
  public static let configMap = ObjectType(apiVersion: "v1", kind: "ConfigMap")
  public static let event = ObjectType(apiVersion: "v1", kind: "Event")
  public static let limitRange = ObjectType(apiVersion: "v1", kind: "LimitRange")
  public static let namespace = ObjectType(apiVersion: "v1", kind: "Namespace")
  public static let node = ObjectType(apiVersion: "v1", kind: "Node")
  public static let persistentVolume = ObjectType(apiVersion: "v1", kind: "PersistentVolume")
  public static let persistentVolumeClaim = ObjectType(apiVersion: "v1", kind: "PersistentVolumeClaim")
  public static let pod = ObjectType(apiVersion: "v1", kind: "Pod")
  public static let resourceQuota = ObjectType(apiVersion: "v1", kind: "ResourceQuota")
  public static let secret = ObjectType(apiVersion: "v1", kind: "Secret")
  public static let service = ObjectType(apiVersion: "v1", kind: "Service")
  public static let serviceAccount = ObjectType(apiVersion: "v1", kind: "ServiceAccount")

  public static let daemonSet = ObjectType(apiVersion: "apps/v1", kind: "DaemonSet")
  public static let deployment = ObjectType(apiVersion: "apps/v1", kind: "Deployment")
  public static let replicaSet = ObjectType(apiVersion: "apps/v1", kind: "ReplicaSet")
  public static let statefulSet = ObjectType(apiVersion: "apps/v1", kind: "StatefulSet")

  public static let cronJob = ObjectType(apiVersion: "batch/v1", kind: "CronJob")
  public static let job = ObjectType(apiVersion: "batch/v1", kind: "Job")

  public static let clusterRole = ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole")
  public static let clusterRoleBinding = ObjectType(
    apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding")
  public static let role = ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role")
  public static let roleBinding = ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding")

  /// The driver as Kubernetes knows it.
  public static let registeredDriver = ObjectType(apiVersion: "storage.k8s.io/v1", kind: "CSIDriver")
  public static let storageClass = ObjectType(apiVersion: "storage.k8s.io/v1", kind: "StorageClass")

  public static let snapshotClass = ObjectType(apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshotClass")

  public static let mutatingWebhooks = ObjectType(
    apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingWebhookConfiguration")
  public static let validatingWebhooks = ObjectType(
    apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration")

  public static let customResourceDefinition = ObjectType(
    apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition")

  public static let horizontalPodAutoscaler = ObjectType(apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler")

  public static let lease = ObjectType(apiVersion: "coordination.k8s.io/v1", kind: "Lease")

  public static let ingress = ObjectType(apiVersion: "networking.k8s.io/v1", kind: "Ingress")
  public static let networkPolicy = ObjectType(apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy")

  public static let disruptionBudget = ObjectType(apiVersion: "policy/v1", kind: "PodDisruptionBudget")
}
