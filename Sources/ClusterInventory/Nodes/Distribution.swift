import KubernetesObjects

/// The kind of Kubernetes that a node belongs to, as far as it changes what to do.
///
/// Source: the versions, labels and provider ids that these distributions give their nodes, and the directories that
/// their documentation names for CSI drivers.
public enum Distribution: Sendable, Equatable {
  case kind(cluster: String)
  case k3d(cluster: String)
  case k3s
  case minikube
  case microK8s
  case k0s
  case tanzu
  case other

  public static let usualDirectory = "/var/lib/kubelet"

  public init(_ node: KubernetesObject) {
    let version = node.tree["status", "nodeInfo", "kubeletVersion"]?.string ?? ""
    let provider = node.tree["spec", "providerID"]?.string ?? ""
    let labels = node.labels.keys
    if provider.hasPrefix("kind://") {
      // kind://docker/CLUSTER/NODE
      self = .kind(cluster: provider.split(separator: "/").dropFirst(2).first.map(String.init) ?? "kind")
    } else if version.contains("+k3s") {
      let isK3d = node.name.hasPrefix("k3d-")
      self = isK3d ? .k3d(cluster: Self.k3dCluster(node.name)) : .k3s
    } else if labels.contains(where: { $0.hasPrefix("minikube.k8s.io/") }) {
      self = .minikube
    } else if labels.contains(where: { $0.hasPrefix("microk8s.io/") }) {
      self = .microK8s
    } else if version.contains("k0s") {
      self = .k0s
    } else if labels.contains("bosh.id") || labels.contains(where: { $0.hasPrefix("pks-system/") }) {
      self = .tanzu
    } else {
      self = .other
    }
  }

  /// The cluster in `k3d-CLUSTER-server-0`.
  private static func k3dCluster(_ node: String) -> String {
    node.split(separator: "-").dropFirst().dropLast(2).joined(separator: "-")
  }

  /// The root directory of its kubelets, nil for the usual one.
  public var kubeletDirectory: String? {
    switch self {
    case .microK8s: "/var/snap/microk8s/common/var/lib/kubelet"
    case .k0s: "/var/lib/k0s/kubelet"
    case .tanzu: "/var/vcap/data/kubelet"
    case .kind, .k3d, .k3s, .minikube, .other: nil
    }
  }

  /// The command that puts a local image onto the nodes.
  public func loading(_ image: String) -> String {
    switch self {
    case .kind(let cluster): "'kind load docker-image \(image) --name \(cluster)'"
    case .k3d(let cluster): "'k3d image import \(image) -c \(cluster)'"
    case .minikube: "'minikube image load \(image)'"
    case .k3s: "'docker save \(image) | k3s ctr images import -' on each node"
    case .microK8s: "'docker save \(image) | microk8s ctr image import -' on each node"
    case .k0s: "'docker save \(image) | k0s ctr images import -' on each node"
    case .tanzu, .other: "'docker save \(image) | ctr --namespace k8s.io images import -' on each node"
    }
  }
}
