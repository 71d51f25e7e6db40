import Documents

/// Types of objects that are looked at by name.
extension ObjectType {
  static let namespace = ObjectType(apiVersion: "v1", kind: "Namespace")
  static let node = ObjectType(apiVersion: "v1", kind: "Node")
  static let pod = ObjectType(apiVersion: "v1", kind: "Pod")
  static let service = ObjectType(apiVersion: "v1", kind: "Service")
  static let clusterRole = ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole")
  static let clusterRoleBinding = ObjectType(apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding")
  static let event = ObjectType(apiVersion: "v1", kind: "Event")
  static let persistentVolumeClaim = ObjectType(apiVersion: "v1", kind: "PersistentVolumeClaim")
  static let persistentVolume = ObjectType(apiVersion: "v1", kind: "PersistentVolume")
  static let deployment = ObjectType(apiVersion: "apps/v1", kind: "Deployment")
  static let statefulSet = ObjectType(apiVersion: "apps/v1", kind: "StatefulSet")
  static let daemonSet = ObjectType(apiVersion: "apps/v1", kind: "DaemonSet")
  static let storageClass = ObjectType(apiVersion: "storage.k8s.io/v1", kind: "StorageClass")
  public static let customResourceDefinition = ObjectType(
    apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition")
  static let vineyardd = ObjectType(apiVersion: "k8s.v6d.io/v1alpha1", kind: "Vineyardd")
  static let csiDriver = ObjectType(apiVersion: "k8s.v6d.io/v1alpha1", kind: "CSIDriver")
}
